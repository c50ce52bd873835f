#include "pipeline/split.h"

#include <array>
#include <atomic>
#include <memory>

#include "common/thread_pool.h"
#include "jpeg/entropy/kernels.h"
#include "pipeline/interleave.h"

namespace fastdct {
namespace {

using jpeg::ImageDecoder;
using jpeg::ScanPart;
using jpeg::SequentialScan;
using jpeg::Stream;

// What the threads share.
struct Split {
  ImageDecoder& decoder;
  const std::vector<ScanPart> parts;
  std::atomic<size_t> next{0};
  std::atomic<bool> odd{false};
  std::atomic<const uint8_t*> last_marker{nullptr};  // after the last part

  bool claim(size_t& part) { return !odd.load() && (part = next.fetch_add(1)) < parts.size(); }

  // The next part must begin where this one ended, behind its restart marker.
  void check_end(size_t part, const uint8_t* marker) {
    if (part + 1 == parts.size())
      last_marker.store(marker);
    else if (marker + 2 != parts[part + 1].source)
      odd.store(true);
  }
};

struct Slot {
  SequentialScan scan;
  size_t part = 0;

  bool take(Split& split, jpeg::TableCache& cache) {
    if (!split.claim(part)) return false;
    const ImageDecoder& decoder = split.decoder;
    const SequentialScan::State state = scan.begin(decoder.markers(), decoder.request(),
                                                   split.decoder.image().planes, cache, split.parts[part]);
    return keep(split, state);
  }

  bool advance(Split& split) { return keep(split, scan.finish_band()); }

  Stream& stream() { return scan.stream(); }

  bool keep(Split& split, SequentialScan::State state) {
    if (state == SequentialScan::State::kAnomaly) split.odd.store(true);
    if (state == SequentialScan::State::kDone) split.check_end(part, scan.marker());
    return state == SequentialScan::State::kDecoding;
  }
};

void decode_parts(Split& split) {
  // Not kept: splitting is rare, and its scratch memory would double that of every thread.
  const auto slots = std::make_unique<std::array<Slot, jpeg::kMaxStreams>>();
  jpeg::TableCache cache;
  decode_interleaved(*slots, slots->size(), split, cache, split.decoder.request().num_frequencies == 1);
  jpeg::kernels().fence();
}

// Enough parts that threads which begin late or are slow do not leave the others waiting.
constexpr int kPartsAThread = 4 * jpeg::kMaxStreams;

}  // namespace

std::optional<ImageDecoder::State> decode_split(ImageDecoder& decoder, int num_threads) {
  Split split{decoder, decoder.parts(static_cast<size_t>(num_threads * kPartsAThread))};
  if (split.parts.size() < 2) return std::nullopt;
  ThreadPool::instance().run(num_threads, [&split] { decode_parts(split); });
  if (split.odd.load()) return ImageDecoder::State::kAnomaly;
  return decoder.finish_parts(split.last_marker.load());
}

}  // namespace fastdct
