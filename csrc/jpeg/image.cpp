#include "jpeg/image.h"

#include <cstdlib>
#include <iterator>
#include <new>

#include "common/error.h"
#include "common/memory.h"

namespace fastdct::jpeg {
namespace {
constexpr const char* kNames[] = {"unknown", "grayscale", "RGB", "YCbCr", "CMYK", "YCCK"};
}

const char* color_space_name(ColorSpace color_space) { return kNames[static_cast<int>(color_space)]; }

ColorSpace color_space_from_name(const std::string& name) {
  for (int i = 0; i < static_cast<int>(std::size(kNames)); ++i)
    if (name == kNames[i]) return static_cast<ColorSpace>(i);
  throw JpegError("color space '" + name + "' is not one of YCbCr, grayscale, RGB, CMYK, YCCK, unknown");
}

void FreeMemory::operator()(int16_t* memory) const { std::free(memory); }

// The kernels store past the caches where the target is aligned. A small image is likely to be used at once:
// malloc leaves it off the line.
CoefficientArray allocate_coefficients(size_t num_elements) {
  constexpr size_t kLarge = 2 * kHugePage, kCacheLine = 64;
  const size_t size = (num_elements * sizeof(int16_t) + kCacheLine - 1) / kCacheLine * kCacheLine;
  void* memory = size < kLarge ? std::malloc(size) : std::aligned_alloc(kCacheLine, size);
  if (memory == nullptr) throw std::bad_alloc();
  prefer_huge_pages(memory, size);
  return CoefficientArray(static_cast<int16_t*>(memory));
}

}  // namespace fastdct::jpeg
