#include "dct/from_pixels.h"

#include <algorithm>

#include "common/aligned.h"
#include "dct/kernel.h"

namespace fastdct::dct {

void coefficients_of(const uint8_t* rgb, int height, int width, float* blocks) {
  const Kernel& kernel = kernel_for(cpu_level());
  const auto columns = static_cast<size_t>(width);
  const size_t num_cols = (columns + kBlock - 1) / kBlock,
               num_rows = static_cast<size_t>(height + kBlock - 1) / kBlock;
  const size_t pitch = round_up(columns, kMaxLanes), plane = kBlock * pitch;
  AlignedBuffer<float> samples;  // [3][8][pitch]: one row of blocks
  samples.reserve(3 * plane);
  for (size_t block_row = 0; block_row < num_rows; ++block_row) {
    for (size_t y = 0; y < kBlock; ++y) {
      const size_t row = std::min(block_row * kBlock + y, static_cast<size_t>(height) - 1);
      float* to = samples.data() + y * pitch;
      kernel.split_colours(rgb + 3 * row * columns, width, to, to + plane, to + 2 * plane);
      for (float* end = to + columns; end < to + 3 * plane; end += plane)
        std::fill_n(end, pitch - columns, end[-1]);
    }
    for (size_t c = 0; c < 3; ++c)
      kernel.forward(samples.data() + c * plane, pitch, static_cast<int>(num_cols),
                     blocks + (c * num_rows + block_row) * num_cols * kBlock * kBlock);
  }
}

}  // namespace fastdct::dct
