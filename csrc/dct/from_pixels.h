// Pictures that are pixels already, from other formats, as the planes of coefficients that a JPEG file would
// hold at 4:4:4, never quantised.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fastdct::dct {

// RGB [height, width, 3], rows one after the other, to blocks [3, ceil(height / 8), ceil(width / 8), 8, 8] of
// Y, Cb and Cr, level-shifted. The last row and column are repeated to fill blocks.
void coefficients_of(const uint8_t* rgb, int height, int width, float* blocks);

}  // namespace fastdct::dct
