// What decides between neighbours, for one GPU thread; on the CPU the test of what it would do. The same sums
// in the same order as the vector kernels (kernels_body.inc).
#pragma once
#include <cstdint>

#include "common/real.h"

namespace fastdct::matching {

// |x|^2 / 2, in sixteen parts, added in pairs, then the rest.
FASTDCT_HD float half_square(const float* row, std::int32_t width) {
  float part[16] = {};
  const std::int32_t whole = width / 16 * 16;
  for (std::int32_t k = 0; k < whole; ++k) part[k % 16] = fused(row[k], row[k], part[k % 16]);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) part[i] += part[i + half];
  }
  float total = part[0];
  for (std::int32_t k = whole; k < width; ++k) total = fused(row[k], row[k], total);
  return total / 2;
}

struct Best {
  float similarity;
  std::int32_t index;
};

// Of equals the first, in whatever order they come.
FASTDCT_HD bool better(float similarity, std::int32_t index, const Best& best) {
  return similarity > best.similarity || (similarity == best.similarity && index < best.index);
}

FASTDCT_HD void improve(float similarity, std::int32_t index, Best* first, Best* second) {
  if (better(similarity, index, *first)) {
    *second = *first;
    *first = {similarity, index};
  } else if (better(similarity, index, *second)) {
    *second = {similarity, index};
  }
}

}  // namespace fastdct::matching
