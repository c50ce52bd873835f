// What a device would make of a file, played in heap blocks of exact size: whatever it decodes without
// complaint is what the CPU's decoder reads, which has no complaint either.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "jpeg/device/arrangement.h"
#include "jpeg/device/emulation.h"
#include "jpeg/entropy/image_decoder.h"
#include "jpeg/entropy/kernels.h"

using namespace fastdct::jpeg;

namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 20;

class Memory : public Allocator {
 public:
  int16_t* allocate(size_t num_elements) override {
    planes_.emplace_back(new int16_t[num_elements]);
    return planes_.back().get();
  }

 private:
  std::vector<std::unique_ptr<int16_t[]>> planes_;
};

// Aligned to 256 bytes and of exactly this size, so that a sanitizer sees the first byte behind.
struct Freed {
  void operator()(uint8_t* memory) const { std::free(memory); }
};
using Bytes = std::unique_ptr<uint8_t, Freed>;

Bytes allocate(size_t size) {
  void* memory = nullptr;
  if (posix_memalign(&memory, 256, size) != 0) std::abort();
  std::memset(memory, 0x5A, size);
  return Bytes(static_cast<uint8_t*>(memory));
}

bool read_on_cpu(const uint8_t* data, size_t size, Memory& memory, CoefficientImage& image) {
  TableCache cache;
  ImageDecoder decoder;
  const Request request{Layout::kBlock, kBlockArea, false, kMaxPixels};
  auto state = decoder.begin(data, size, request, memory, cache);
  while (state == ImageDecoder::State::kDecoding) {
    Stream* const stream = &decoder.stream();
    kernels().decode(&stream, 1);
    state = decoder.advance();
  }
  image = decoder.image();
  return state == ImageDecoder::State::kDone;
}

void require(bool truth) {
  if (!truth) std::abort();
}

void play(const std::vector<device::FoundPicture>& pictures, uint32_t subsequence_bits,
          const CoefficientImage* expected) {
  const device::Arrangement arrangement(pictures, subsequence_bits);
  const device::Launches& launches = arrangement.launches();
  const Bytes arena = allocate(launches.arena_bytes), workspace = allocate(arrangement.workspace_bytes());
  const Bytes coefficients = allocate(launches.num_blocks * 128), statuses = allocate(sizeof(uint32_t));
  arrangement.write_descriptors(arena.get());
  for (size_t scan = arrangement.num_scans(); scan-- > 0;) arrangement.write_scan(scan, arena.get());
  const auto at = [](const Bytes& bytes) { return reinterpret_cast<uintptr_t>(bytes.get()); };
  device::play_decode_scans(launches, {at(arena), at(workspace), at(coefficients), at(statuses)},
                            subsequence_bits);
  if (*reinterpret_cast<uint32_t*>(statuses.get()) != 0) return;
  require(expected != nullptr);
  const uint8_t* found = coefficients.get();
  for (const Plane& plane : expected->planes) {
    const size_t num_bytes = plane.num_rows * plane.num_cols * 128;
    require(std::memcmp(found, plane.data, num_bytes) == 0);
    found += num_bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<device::FoundPicture> pictures(1);
  if (device::find_scans(data, size, kMaxPixels, pictures[0]) != nullptr) return 0;
  Memory memory;
  CoefficientImage image;
  const bool is_read = read_on_cpu(data, size, memory, image);
  for (const uint32_t bits : {128u, 1024u, 16384u}) play(pictures, bits, is_read ? &image : nullptr);
  return 0;
}
