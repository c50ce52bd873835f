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
#if defined(__AVX2__)
FASTDCT_HD float sum_in_pairs(Lanes x) {
  const __m256 eight = sum_of_halves(x);
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
#else
FASTDCT_HD float sum_in_pairs(Lanes x) {
  float lane[kLanes];
  x.store(lane);
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}
#endif

}  // namespace fastdct::FASTDCT_LANES
