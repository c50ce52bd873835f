#include "jpeg/image.h"

#include <iterator>

#include "common/error.h"

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

}  // namespace fastdct::jpeg
