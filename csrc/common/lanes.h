// Sixteen floats at once, the same on every machine: one AVX-512 register, two AVX2 registers, or a loop.
//
// A file that includes this is compiled once per level (CMakeLists.txt), with FASTDCT_LANES naming the
// namespace: types of different levels are different types, and so are the templates made over them.
// Operations round as common/real.h says; sums over lanes have a fixed order. Such a file must not use
// standard containers or algorithms: their out-of-line copies would be shared between levels.
#pragma once
#include "common/lanes_count.h"
#include "common/real.h"

#if defined(__AVX512F__)
#include "common/lanes_avx512.h"
#elif defined(__AVX2__)
#include "common/lanes_avx2.h"
#else
#include "common/lanes_portable.h"
#endif

namespace fastdct::FASTDCT_LANES {

// In pairs, halving: the order that a GPU's shuffles add in.
FASTDCT_HD float sum_in_pairs(Lanes x) {
  float lane[kLanes];
  x.store(lane);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}

}  // namespace fastdct::FASTDCT_LANES
