// A component of a picture in the memory of a device: what entropy decoding leaves there and geometry takes.
#pragma once
#include <cstdint>

namespace fastdct {

// Quantised blocks [num_rows, num_cols, 8, 8], natural order, int16, one after the other without gaps: a
// block is 128 bytes, a whole line of a GPU's cache.
struct DevicePlane {
  uint64_t first_block;   // counted in blocks from the beginning of the batch's coefficients
  uint32_t num_rows;      // ceil(component height / 8), without padding to whole MCUs
  uint32_t num_cols;      // likewise
  uint32_t quantization;  // number of its table among the batch's, each 64 x uint16, natural order
  uint32_t reserved;      // 0; makes the size a multiple of 8
};
static_assert(sizeof(DevicePlane) == 24, "Python describes it as a numpy dtype");

}  // namespace fastdct
