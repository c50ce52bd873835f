// What a decoder makes of every picture: which frequencies, on which grids, in which form.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dct/filter.h"
#include "dct/kernel.h"

namespace fastdct::dct {

enum class Output {
  kCoefficients,  // channels of frequencies
  kRgb            // pixels
};

struct Grid {
  int height = 0;  // samples, multiples of 8
  int width = 0;
  size_t num_blocks() const { return static_cast<size_t>(height / 8) * (width / 8); }
};

// Channels are those of Y, of Cb and of Cr, in this order. Channel c holds scale[c] * value + shift[c].
// With a grid of its own, chroma goes to a second tensor and is not upsampled first.
struct Assembly {
  Output output = Output::kCoefficients;
  Grid grid;
  Grid chroma_grid;  // height 0: chroma lies on the grid of luma, in the same tensor
  std::array<std::vector<uint8_t>, 3> frequencies;  // natural indices 8 v + u of Y, Cb and Cr
  std::vector<float> scale;                         // RGB: 3
  std::vector<float> shift;
  Filter filter = Filter::kTriangle;
  Dtype dtype = Dtype::kFloat32;
  bool channels_last = false;

  bool separate_chroma() const { return chroma_grid.height > 0; }
  size_t num_channels(int component) const { return frequencies[component].size(); }
  size_t tensor_bytes() const;  // of one picture
  size_t chroma_bytes() const;  // 0 without a chroma grid
};

// Where the results of one picture go: [C, H/8, W/8] (channels last: [H/8, W/8, C]); RGB: [3, H, W] or [H, W,
// 3].
struct Tensors {
  void* tensor = nullptr;
  void* chroma = nullptr;  // with a chroma grid
};

}  // namespace fastdct::dct
