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
  Work(const std::vector<BatchSource>& all_sources, const BatchOptions& batch_options, Arena& memory)
      : sources(all_sources), options(batch_options), arena(memory), rows(all_sources.size()) {}

  // The next row to read, or the number of rows.
  size_t claim() { return stopped_.load() ? rows.size() : std::min(next_.fetch_add(1), rows.size()); }

  // A thread must not take three images where another then has none.
  size_t slots_a_thread() const {
    const auto threads = static_cast<size_t>(options.num_threads);
    return std::min<size_t>((rows.size() + threads - 1) / threads, jpeg::kMaxStreams);
  }

  // Whether there are fewer rows to come than threads.
  bool leaves_threads_idle() const {
    return next_.load() + static_cast<size_t>(options.num_threads) > rows.size() + 1;
  }

  void fail(size_t row, const char* cause) {
    rows[row].error = cause;
    if (options.stop_at_error) stopped_.store(true);
  }

  const std::vector<BatchSource>& sources;
  const BatchOptions& options;
  Arena& arena;
  std::vector<BatchRow> rows;

 private:
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
};

// One image in work.
class Slot {
 public:
  // Takes rows until one needs decoding by streams. False: there are no more.
  bool take(Work& work, jpeg::TableCache& cache) {
    while ((row_ = work.claim()) < work.rows.size()) {
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

  // A thread keeps this much of a file buffer between calls.
  void shrink() {
    constexpr size_t kKeptBytes = size_t{1} << 17;
    if (file_.capacity() > kKeptBytes) std::vector<uint8_t>().swap(file_);
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
    ImageDecoder::State state = decoder_.begin(data_, size_, work.options.request, work.arena, cache);
    if (state == ImageDecoder::State::kDecoding && size_ >= kSplitBytes && work.leaves_threads_idle())
      state = decode_split(decoder_, work.options.num_threads).value_or(state);
    return settle(work, state);
  }

  bool settle(Work& work, ImageDecoder::State state) {
    if (state == ImageDecoder::State::kDecoding) return true;
    BatchRow& row = work.rows[row_];
    if (state == ImageDecoder::State::kDone)
      row.image = std::move(decoder_.image());
    else
      row.image = jpeg::read_through_libjpeg(data_, size_, work.options.request, work.arena);
    return false;
  }

  ImageDecoder decoder_;
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

}  // namespace

std::vector<BatchRow> read_batch(const std::vector<BatchSource>& sources, const BatchOptions& options,
                                 Arena& arena) {
  Work work(sources, options, arena);
  const int num_threads =
      std::min(options.num_threads, static_cast<int>(std::min<size_t>(sources.size(), 1024)));
  ThreadPool::instance().run(std::max(num_threads, 1), [&work] {
    static thread_local Worker worker;
    worker.run(work);
  });
  return std::move(work.rows);
}

}  // namespace fastdct
