// What a device is told of a picture, from what its file says.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "dct/device/picture.h"
#include "dct/picture.h"
#include "jpeg/image.h"

namespace fastdct {

inline int32_t device_colors(jpeg::ColorSpace space) {
  constexpr int32_t kOther = 3;  // which no resampler takes
  if (space == jpeg::ColorSpace::kGrayscale) return static_cast<int32_t>(dct::Colors::kGrayscale);
  if (space == jpeg::ColorSpace::kYCbCr) return static_cast<int32_t>(dct::Colors::kYCbCr);
  return space == jpeg::ColorSpace::kRgb ? static_cast<int32_t>(dct::Colors::kRgb) : kOther;
}

inline dct::DevicePicture device_picture(const jpeg::Header& header, size_t first_plane, size_t row) {
  dct::DevicePicture picture{header.height,
                             header.width,
                             header.orientation,
                             device_colors(header.color_space),
                             {},
                             static_cast<uint32_t>(first_plane),
                             static_cast<uint32_t>(row)};
  const size_t count = std::min<size_t>(header.sampling.size(), 3);
  for (size_t i = 0; i < count; ++i) {
    picture.sampling[i][0] = header.sampling[i].horizontal;
    picture.sampling[i][1] = header.sampling[i].vertical;
  }
  return picture;
}

}  // namespace fastdct
