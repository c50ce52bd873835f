// Blocks of frequencies to planes of one frequency each, and back: [N, P, 64] <-> [N, 64, P], P blocks a
// picture. The index arithmetic is shared with the GPU (channels_cuda.cu); elements of any kind are moved as
// bits.
#pragma once
#include <cstddef>
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::dct {

enum class Order { kNatural, kZigzag };

// Natural index 8 v + u of position k of a block's channels. T.81, figure 5: anti-diagonals v + u = s, of
// which 8 v + u is found without a table: those before s hold s (s + 1) / 2 coefficients, and their mirror
// images after it.
FASTDCT_HD int natural_index(Order order, int k) {
  if (order == Order::kNatural) return k;
  const bool upper = k < 36;  // anti-diagonals 0 .. 7
  const int from_end = upper ? k : 63 - k;
  int diagonal = 0;
  while ((diagonal + 1) * (diagonal + 2) / 2 <= from_end) ++diagonal;
  const int place = from_end - diagonal * (diagonal + 1) / 2;
  const int v = diagonal % 2 == 1 ? place : diagonal - place, u = diagonal - v;
  return upper ? 8 * v + u : 63 - (8 * v + u);
}

// How often the 64 P elements of a picture repeat, and of how many bytes each is: 1, 2, 4 or 8.
struct BlockArray {
  size_t num_pictures;
  size_t num_blocks;
  size_t element_size;
};

void blocks_to_channels(const BlockArray& array, Order order, const void* blocks, void* channels);
void channels_to_blocks(const BlockArray& array, Order order, const void* channels, void* blocks);

}  // namespace fastdct::dct
