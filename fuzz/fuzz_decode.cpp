// Our decoder against libjpeg-turbo, on every instruction set: the same image or the same error. Also layouts
// and selections, whose planes are allocated to their exact size.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common/error.h"
#include "jpeg/entropy/zigzag.h"
#include "jpeg/reader.h"

namespace {

using namespace fastdct;
using namespace fastdct::jpeg;

constexpr uint64_t kMaxPixels = 1 << 20;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "the readers differ in: %s\n", what);
  std::abort();
}

template <typename Reader>
std::string read(Reader reader, const uint8_t* data, size_t size, Image& image) {
  try {
    image = reader(data, size);
    return "";
  } catch (const JpegError& error) {
    return error.what();
  }
}

void compare(const Image& ours, const Image& theirs) {
  require(ours.header.height == theirs.header.height && ours.header.width == theirs.header.width, "size");
  require(ours.header.color_space == theirs.header.color_space, "color space");
  require(ours.header.process == theirs.header.process, "process");
  require(ours.header.orientation == theirs.header.orientation, "orientation");
  require(ours.header.restart_interval == theirs.header.restart_interval, "restart interval");
  require(ours.warnings == theirs.warnings, "warnings");
  require(ours.components.size() == theirs.components.size(), "number of components");
  for (size_t i = 0; i < ours.components.size(); ++i) {
    const Component &a = ours.components[i], &b = theirs.components[i];
    require(a.num_rows == b.num_rows && a.num_cols == b.num_cols, "block grid");
    require(a.quantization == b.quantization, "quantization");
    const size_t bytes = a.num_rows * a.num_cols * kBlockArea * sizeof(int16_t);
    require(std::memcmp(a.coefficients.get(), b.coefficients.get(), bytes) == 0, "coefficients");
  }
}

class ExactAllocator : public Allocator {
 public:
  int16_t* allocate(size_t num_elements) override {
    void* place = nullptr;
    if (posix_memalign(&place, 64, num_elements * sizeof(int16_t)) != 0) std::abort();
    memory_.emplace_back(static_cast<int16_t*>(place), std::free);
    return memory_.back().get();
  }

 private:
  std::vector<std::unique_ptr<int16_t, void (*)(void*)>> memory_;
};

void compare_planes(const CoefficientImage& ours, const Image& theirs, int num_frequencies) {
  for (size_t i = 0; i < ours.planes.size(); ++i) {
    const Plane& plane = ours.planes[i];
    const int16_t* block = theirs.components[i].coefficients.get();
    for (size_t row = 0; row < plane.num_rows; ++row)
      for (size_t col = 0; col < plane.num_cols; ++col, block += kBlockArea)
        for (int k = 0; k < num_frequencies; ++k)
          require(plane.data[static_cast<size_t>(k) * plane.plane_pitch + row * plane.row_pitch + col] ==
                      block[kNaturalOrder[k]],
                  "planes");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Image theirs;
  const ReadOptions options{false, kMaxPixels};
  const auto reference = [&](auto... bytes) { return read_image(bytes..., options); };
  const auto fast = [&](auto... bytes) { return read_image_fast(bytes..., options); };
  const std::string error = read(reference, data, size, theirs);
  if (error.find("DNL") != std::string::npos)
    return 0;  // the one thing that libjpeg-turbo cannot read and we can
  for (const char* level : {"portable", "avx2", "avx512"}) {
    setenv("FASTDCT_CPU", level, 1);
    Image ours;
    require(read(fast, data, size, ours) == error, "error");
    compare(ours, theirs);
    for (const int num_frequencies : {64, 24, 1}) {
      Request request{Layout::kFrequency, num_frequencies, num_frequencies == 24, kMaxPixels};
      ExactAllocator memory;
      CoefficientImage image;
      if (error.empty() && read_coefficients(data, size, request, memory, image))
        compare_planes(image, theirs, num_frequencies);
    }
  }
  return 0;
}
