// Our names of the stored colour spaces and libjpeg's.
#pragma once
#include "jpeg/image.h"
#include "jpeg/libjpeg_errors.h"

namespace fastdct::jpeg {

struct ColorSpacePair {
  ColorSpace ours;
  J_COLOR_SPACE libjpeg;
};

constexpr ColorSpacePair kColorSpaces[] = {
    {ColorSpace::kGrayscale, JCS_GRAYSCALE}, {ColorSpace::kRgb, JCS_RGB},   {ColorSpace::kYCbCr, JCS_YCbCr},
    {ColorSpace::kCmyk, JCS_CMYK},           {ColorSpace::kYcck, JCS_YCCK},
};

inline ColorSpace from_libjpeg(J_COLOR_SPACE color_space) {
  for (const ColorSpacePair& pair : kColorSpaces)
    if (pair.libjpeg == color_space) return pair.ours;
  return ColorSpace::kUnknown;
}

inline J_COLOR_SPACE to_libjpeg(ColorSpace color_space) {
  for (const ColorSpacePair& pair : kColorSpaces)
    if (pair.ours == color_space) return pair.libjpeg;
  return JCS_UNKNOWN;
}

}  // namespace fastdct::jpeg
