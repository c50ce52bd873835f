#include "pipeline/split.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "common/parallel.h"
#include "jpeg/entropy/cut_scan.h"
#include "jpeg/entropy/kernels.h"
#include "pipeline/interleave.h"

namespace fastdct {
namespace {

using jpeg::CutScan;
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

  // The next part must begin where this one ended, behind its restart marker. (Parts of a cut scan know
  // themselves where they have to end.)
  void check_end(size_t part, const uint8_t* marker) {
    if (part + 1 == parts.size())
      last_marker.store(marker);
    else if (parts[part].cut.bytes == nullptr && marker + 2 != parts[part + 1].source)
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

// The pieces of a scan that is cut, on their first, quick pass.
struct Pass {
  CutScan& scan;
  std::atomic<size_t> next{0};
};

struct PieceSlot {
  jpeg::PieceScanner scanner;

  bool take(Pass& pass, jpeg::TableCache&) {
    const size_t piece = pass.next.fetch_add(1);
    if (piece >= pass.scan.pieces().size()) return false;
    scanner.begin(pass.scan, pass.scan.pieces()[piece]);
    return true;
  }
  bool advance(Pass&) { return scanner.advance(); }
  Stream& stream() { return scanner.stream(); }
};

// Enough parts that threads which begin late or are slow do not leave the others waiting.
constexpr int kPartsAThread = 4 * jpeg::kMaxStreams;

// Pieces find the blocks after some hundred bits, seldom more than 20 000.
constexpr size_t kMinPieceBytes = size_t{1} << 13;

// Whose parts() can then be decoded; nullptr: the scan cannot be cut.
std::unique_ptr<CutScan> cut(const ImageDecoder& decoder, int num_threads) {
  if (!CutScan::possible(decoder.markers())) return nullptr;
  const auto size = static_cast<size_t>(decoder.markers().end() - decoder.markers().scan().data);
  jpeg::TableCache cache;
  const size_t piece = std::max(size / static_cast<size_t>(num_threads * kPartsAThread), kMinPieceBytes);
  auto scan = std::make_unique<CutScan>(decoder.markers(), cache, piece);
  Pass pass{*scan};
  ThreadPool::instance().run(num_threads, [&pass] {
    std::array<PieceSlot, jpeg::kMaxStreams> slots;
    jpeg::TableCache unused;
    decode_interleaved(slots, slots.size(), pass, unused, true);
  });
  if (!scan->join()) return nullptr;
  parallel_for(static_cast<std::int64_t>(scan->num_runs()), num_threads,
               [&scan](int, std::int64_t run) { scan->sum_dc(static_cast<size_t>(run)); });
  return scan;
}

}  // namespace

std::optional<ImageDecoder::State> decode_split(ImageDecoder& decoder, int num_threads) {
  std::vector<ScanPart> parts = decoder.parts(static_cast<size_t>(num_threads * kPartsAThread));
  std::unique_ptr<CutScan> scan;
  if (parts.size() < 2 && (scan = cut(decoder, num_threads))) parts = scan->parts();
  Split split{decoder, std::move(parts)};
  if (split.parts.size() < 2) return std::nullopt;
  ThreadPool::instance().run(num_threads, [&split] { decode_parts(split); });
  if (split.odd.load()) return ImageDecoder::State::kAnomaly;
  return decoder.finish_parts(split.last_marker.load());
}

jpeg::Image read_image_split(const uint8_t* data, size_t size, const jpeg::ReadOptions& options,
                             int num_threads) {
  if (num_threads < 2 || size < kSplitBytes) return jpeg::read_image_fast(data, size, options);
  return jpeg::read_image_fast(data, size, options,
                               [=](ImageDecoder& decoder) { return decode_split(decoder, num_threads); });
}

}  // namespace fastdct
