// What the resampling of a batch on a device is told of every picture.
#pragma once
#include <cstdint>

namespace fastdct::dct {

// As stored in the file. Python describes it as a numpy dtype.
struct DevicePicture {
  int32_t height;
  int32_t width;
  int32_t orientation;     // EXIF, 1 .. 8; 1 leaves the picture as it is stored
  int32_t colors;          // Colors: 0 grayscale, 1 YCbCr, 2 RGB; others are refused
  int32_t sampling[3][2];  // horizontal and vertical factor of each component, 1 .. 4
  uint32_t first_plane;    // its planes are first_plane, ... of the batch's: one if grayscale, else three
  uint32_t row;            // of the output tensors
};
static_assert(sizeof(DevicePicture) == 48, "Python describes it as a numpy dtype");

}  // namespace fastdct::dct
