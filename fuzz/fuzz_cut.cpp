// A scan cut into pieces of 128 to 16384 bits, which are passed over in random order and then decoded, in
// random order too, gives what the scan gives in one go.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "jpeg/entropy/cut_scan.h"
#include "jpeg/entropy/image_decoder.h"
#include "jpeg/entropy/kernels.h"

using namespace fastdct::jpeg;

namespace {

using State = ImageDecoder::State;

class Memory : public Allocator {
 public:
  int16_t* allocate(size_t num_elements) override {
    void* place = nullptr;
    if (posix_memalign(&place, 64, num_elements * sizeof(int16_t)) != 0) std::abort();
    std::memset(place, 0x55, num_elements * sizeof(int16_t));
    planes_.emplace_back(static_cast<int16_t*>(place), std::free);
    return planes_.back().get();
  }

 private:
  std::vector<std::unique_ptr<int16_t, void (*)(void*)>> planes_;
};

void decode_alone(Stream& stream, bool dc_only) {
  Stream* const streams[] = {&stream};
  (dc_only ? kernels().decode_dc : kernels().decode)(streams, 1);
}

template <typename Items, typename Play>
void in_random_order(Items& items, std::mt19937& random, Play play) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::shuffle(order.begin(), order.end(), random);
  for (const size_t i : order) play(items[i]);
}

// Where the last part ended, or nullptr.
const uint8_t* decode_parts(ImageDecoder& decoder, const std::vector<ScanPart>& parts, TableCache& cache,
                            std::mt19937& random) {
  const uint8_t* marker = nullptr;
  bool odd = parts.empty();
  in_random_order(parts, random, [&](const ScanPart& part) {
    SequentialScan scan;
    auto state = scan.begin(decoder.markers(), decoder.request(), decoder.image().planes, cache, part);
    while (state == SequentialScan::State::kDecoding) {
      decode_alone(scan.stream(), decoder.request().num_frequencies == 1);
      state = scan.finish_band();
    }
    odd |= state == SequentialScan::State::kAnomaly;
    if (&part == &parts.back()) marker = scan.marker();
  });
  return odd ? nullptr : marker;
}

const uint8_t* decode_cut(ImageDecoder& decoder, size_t piece_bytes, TableCache& cache,
                          std::mt19937& random) {
  CutScan scan(decoder.markers(), cache, piece_bytes);
  PieceScanner scanner;
  in_random_order(scan.pieces(), random, [&](Piece& piece) {
    scanner.begin(scan, piece);
    do decode_alone(scanner.stream(), true);
    while (scanner.advance());
  });
  if (!scan.join()) return nullptr;
  for (size_t run = scan.num_runs(); run-- > 0;) scan.sum_dc(run);
  return decode_parts(decoder, scan.parts(), cache, random);
}

void require_same(const CoefficientImage& a, const CoefficientImage& b) {
  for (size_t i = 0; i < a.planes.size(); ++i) {
    const size_t size = a.planes[i].num_rows * a.planes[i].num_cols * kBlockArea * sizeof(int16_t);
    if (std::memcmp(a.planes[i].data, b.planes[i].data, size) != 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TableCache cache;  // tables take longer to build than small files to decode
  for (const int num_frequencies : {kBlockArea, 1}) {
    const Request request{Layout::kBlock, num_frequencies, false, uint64_t{1} << 20};
    Memory memory;
    ImageDecoder whole, cut;
    State state = whole.begin(data, size, request, memory, cache);
    if (state != State::kDecoding || !CutScan::possible(whole.markers())) return 0;
    while (state == State::kDecoding) {
      decode_alone(whole.stream(), num_frequencies == 1);
      state = whole.advance();
    }
    std::mt19937 random(static_cast<unsigned>(size));
    for (size_t bits = 128; bits <= 16384; bits *= size < 4096 ? 2 : 4) {
      if (cut.begin(data, size, request, memory, cache) != State::kDecoding) std::abort();
      const uint8_t* marker = decode_cut(cut, bits / 8, cache, random);
      const State end = marker == nullptr ? State::kAnomaly : cut.finish_parts(marker);
      if (end != state) std::abort();
      if (state == State::kDone) require_same(whole.image(), cut.image());
    }
  }
  return 0;
}
