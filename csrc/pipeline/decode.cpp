#include "pipeline/decode.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "common/error.h"
#include "common/thread_pool.h"
#include "dct/resampler.h"
#include "jpeg/entropy/image_decoder.h"
#include "jpeg/reader.h"
#include "pipeline/arena.h"
#include "pipeline/interleave.h"
#include "pipeline/picture.h"
#include "pipeline/strips.h"

namespace fastdct::pipeline {
namespace {

using jpeg::ImageDecoder;

// What the threads of one call share.
struct Work {
  const dct::Assembly& assembly;
  const Options& options;
  std::vector<Job>& jobs;
  std::atomic<size_t> next{0};

  // A thread must not take three images where another then has none.
  size_t slots_a_thread() const {
    const auto threads = static_cast<size_t>(std::max(options.num_threads, 1));
    return std::min<size_t>((jobs.size() + threads - 1) / threads, jpeg::kMaxStreams);
  }
};

// One image in work. Where its scan holds all components its rows are resampled as they are decoded; where it
// does not (progressive files, one scan for each component) or is odd, the whole image is read first.
class Slot {
 public:
  bool take(Work& work, jpeg::TableCache& cache) {
    while ((index_ = work.next++) < work.jobs.size())
      if (guarded(work, [&] { return start(work, cache); })) return true;
    return false;
  }

  bool advance(Work& work) {
    return guarded(work, [&] { return settle(work, decoder_.advance()); });
  }

  jpeg::Stream& stream() { return decoder_.stream(); }

  // A thread keeps this much of a whole image between calls, one chunk of the arena: photos of 2 megapixels.
  // One of 20 took 120 MB for good, in each slot of each thread that met one.
  void shrink() {
    constexpr size_t kKeptBytes = size_t{1} << 23;
    if (whole_.capacity() > kKeptBytes) whole_.release();
  }

 private:
  // True: there is more to be decoded.
  template <typename Step>
  bool guarded(Work& work, Step step) {
    try {
      return step();
    } catch (const JpegError& error) {
      work.jobs[index_].error = error.what();
      return false;
    }
  }

  bool start(Work& work, jpeg::TableCache& cache) {
    const Job& job = work.jobs[index_];
    if (job.data == nullptr) {
      resampler_.run(work.assembly, *job.picture, job.window, job.tensors);
      return false;
    }
    jpeg::Request request;
    request.max_pixels = work.options.max_pixels;
    streaming_ = false;
    ImageDecoder::State state = decoder_.open(job.data, job.size, request, cache);
    if (state == ImageDecoder::State::kDecoding && decoder_.is_streamable()) {
      picture_ = picture_of(decoder_.frame(), work.options.upright);
      resampler_.start(work.assembly, picture_, job.window, job.tensors);
      strips_.start(decoder_.frame(), resampler_);
      request.first_mcu_row = strips_.first_mcu_row();
      request.end_mcu_row = strips_.end_mcu_row();
      state = decoder_.begin_strips(request, strips_.planes());
      streaming_ = true;
    } else if (state == ImageDecoder::State::kDecoding) {
      whole_.reset();
      state = decoder_.begin(job.data, job.size, request, whole_, cache);
    }
    return settle(work, state);
  }

  bool settle(Work& work, ImageDecoder::State state) {
    if (state == ImageDecoder::State::kAnomaly) {
      read_again(work);
      return false;
    }
    if (streaming_) strips_.push(resampler_, decoder_.num_mcu_rows_done());
    if (state == ImageDecoder::State::kDecoding) return true;
    if (streaming_)
      resampler_.finish();
    else
      resample(work, decoder_.image());
    return false;
  }

  void read_again(Work& work) {
    const Job& job = work.jobs[index_];
    jpeg::Request request;
    request.max_pixels = work.options.max_pixels;
    whole_.reset();
    resample(work, jpeg::read_through_libjpeg(job.data, job.size, request, whole_));
  }

  void resample(Work& work, const jpeg::CoefficientImage& image) {
    const Job& job = work.jobs[index_];
    resampler_.run(work.assembly, picture_of(image, work.options.upright), job.window, job.tensors);
  }

  ImageDecoder decoder_;
  dct::Resampler resampler_;
  dct::Picture picture_;
  Strips strips_;
  Arena whole_;
  bool streaming_ = false;
  size_t index_ = 0;
};

struct Worker {
  std::array<Slot, jpeg::kMaxStreams> slots;
  jpeg::TableCache cache;
};

}  // namespace

void decode(const dct::Assembly& assembly, const Options& options, std::vector<Job>* jobs) {
  Work work{assembly, options, *jobs};
  const size_t num_threads = std::min(static_cast<size_t>(std::max(options.num_threads, 1)), jobs->size());
  ThreadPool::instance().run(static_cast<int>(num_threads), [&work] {
    static thread_local Worker worker;
    decode_interleaved(worker.slots, work.slots_a_thread(), work, worker.cache, false);
    for (Slot& slot : worker.slots) slot.shrink();
  });
}

}  // namespace fastdct::pipeline
