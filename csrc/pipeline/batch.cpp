#include "pipeline/batch.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <utility>

#include "common/error.h"
#include "common/thread_pool.h"
#include "jpeg/entropy/image_decoder.h"
#include "jpeg/entropy/kernels.h"
#include "jpeg/reader.h"
#include "pipeline/file.h"
#include "pipeline/interleave.h"
#include "pipeline/split.h"

namespace fastdct {
namespace {

using jpeg::ImageDecoder;
using jpeg::Stream;

// What the threads of one call share.
class Work {
 public:
  Work(const std::vector<BatchSource>& all_sources, const BatchOptions& batch_options, ImageSink& images)
      : sources(all_sources), options(batch_options), sink(images), errors(all_sources.size()) {}

  // The next row to read, or the number of rows.
  size_t claim() {
    const bool stopped = stopped_.load() || sink.is_full();
    return stopped ? sources.size() : std::min(next_.fetch_add(1), sources.size());
  }

  // A thread must not take three images where another then has none.
  size_t slots_a_thread() const {
    const auto threads = static_cast<size_t>(options.num_threads);
    return std::min<size_t>((sources.size() + threads - 1) / threads, jpeg::kMaxStreams);
  }

  // Whether there are fewer rows to come than threads.
  bool leaves_threads_idle() const {
    return next_.load() + static_cast<size_t>(options.num_threads) > sources.size() + 1;
  }

  void fail(size_t row, const char* cause) {
    errors[row] = cause;
    if (options.stop_at_error) stopped_.store(true);
  }

  const std::vector<BatchSource>& sources;
  const BatchOptions& options;
  ImageSink& sink;
  std::vector<std::string> errors;

 private:
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
};

// One image in work.
class Slot {
 public:
  // Takes rows until one needs decoding by streams. False: there are no more.
  bool take(Work& work, jpeg::TableCache& cache) {
    while ((row_ = work.claim()) < work.sources.size()) {
      try {
        if (start(work, cache)) return true;
      } catch (const JpegError& error) {
        work.fail(row_, error.what());
      }
    }
    return false;
  }

  // Goes on after the stream has stopped. False: the row is finished.
  bool advance(Work& work) {
    try {
      return settle(work, decoder_.advance());
    } catch (const JpegError& error) {
      work.fail(row_, error.what());
      return false;
    }
  }

  Stream& stream() { return decoder_.stream(); }

  // A thread keeps this much of a file and of an image between calls; the latter is one chunk of an arena.
  void shrink() {
    constexpr size_t kKeptFileBytes = size_t{1} << 17, kKeptImageBytes = size_t{1} << 23;
    if (file_.capacity() > kKeptFileBytes) std::vector<uint8_t>().swap(file_);
    if (own_.capacity() > kKeptImageBytes) own_.release();
  }

 private:
  bool start(Work& work, jpeg::TableCache& cache) {
    const BatchSource& source = work.sources[row_];
    data_ = source.data;
    size_ = source.size;
    if (data_ == nullptr) {
      read_jpeg_file(source.path, file_);
      data_ = file_.data();
      size_ = file_.size();
    }
    rows_ = false;
    own_.reset();
    return settle(work, begin(work, cache));
  }

  ImageDecoder::State begin(Work& work, jpeg::TableCache& cache) {
    const jpeg::Request& request = work.options.request;
    const bool split = size_ >= kSplitBytes && work.leaves_threads_idle();
    Arena* memory = work.sink.memory();
    if (memory == nullptr) {
      const ImageDecoder::State state = decoder_.open(data_, size_, request, cache);
      if (state != ImageDecoder::State::kDecoding) return state;
      rows_ = decoder_.is_streamable() && !split;
      if (rows_) return decoder_.begin_strips(request, packed_.start_rows(decoder_.frame(), request, own_));
      memory = &own_;
    }
    const ImageDecoder::State state = decoder_.begin(data_, size_, request, *memory, cache);
    if (state != ImageDecoder::State::kDecoding || !split) return state;
    return decode_split(decoder_, work.options.num_threads).value_or(state);
  }

  bool settle(Work& work, ImageDecoder::State state) {
    if (rows_ && state != ImageDecoder::State::kAnomaly) packed_.push_rows(decoder_.num_mcu_rows_done());
    if (state == ImageDecoder::State::kDecoding) return true;
    if (state == ImageDecoder::State::kDone)
      finish(work, decoder_.image());
    else
      read_again(work);
    return false;
  }

  void read_again(Work& work) {
    rows_ = false;
    own_.reset();
    Arena* memory = work.sink.memory();
    jpeg::CoefficientImage image =
        jpeg::read_through_libjpeg(data_, size_, work.options.request, memory == nullptr ? own_ : *memory);
    finish(work, image);
  }

  void finish(Work& work, jpeg::CoefficientImage& image) {
    if (work.sink.memory() == nullptr) {
      if (!rows_) packed_.pack(image.planes, own_);
      for (jpeg::Plane& plane : image.planes) plane.data = nullptr;
    }
    work.sink.take(row_, image, packed_);
  }

  ImageDecoder decoder_;
  PackedImage packed_;
  Arena own_;          // of what is packed, and its blocks
  bool rows_ = false;  // packed as they are decoded
  std::vector<uint8_t> file_;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t row_ = 0;
};

// The scratch memory of a thread, kept from call to call.
struct Worker {
  std::array<Slot, jpeg::kMaxStreams> slots;
  jpeg::TableCache cache;

  void run(Work& work) {
    decode_interleaved(slots, work.slots_a_thread(), work, cache, work.options.request.num_frequencies == 1);
    for (Slot& slot : slots) slot.shrink();
  }
};

// Keeps every image.
class BatchOfImages : public ImageSink {
 public:
  BatchOfImages(size_t num_rows, Arena& arena) : rows(num_rows), arena_(arena) {}
  Arena* memory() override { return &arena_; }
  void take(size_t row, jpeg::CoefficientImage& image, const PackedImage&) override {
    rows[row].image = std::move(image);
  }

  std::vector<BatchRow> rows;

 private:
  Arena& arena_;
};

}  // namespace

std::vector<std::string> read_images(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                     ImageSink& sink) {
  Work work(sources, options, sink);
  const int num_threads =
      std::min(options.num_threads, static_cast<int>(std::min<size_t>(sources.size(), 1024)));
  ThreadPool::instance().run(std::max(num_threads, 1), [&work] {
    static thread_local Worker worker;
    worker.run(work);
  });
  return std::move(work.errors);
}

std::vector<BatchRow> read_batch(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                 Arena& arena) {
  BatchOfImages images(sources.size(), arena);
  const std::vector<std::string> errors = read_images(sources, options, images);
  for (size_t i = 0; i < errors.size(); ++i) images.rows[i].error = errors[i];
  return std::move(images.rows);
}

}  // namespace fastdct
