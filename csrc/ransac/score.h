// How well a model explains the matches.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "ransac/affine.h"
#include "ransac/matches.h"

namespace fastdct::ransac {

// MSAC's truncated quadratic (Torr and Zisserman 2000) turned upside down, an inlier adding 1 - r^2 / t^2, in
// fixed point: integer sums are the same in any order and on any machine. 2^16 steps resolve a residual to a
// few thousandths of the threshold, and 2^31 matches do not overflow 64 bits.
constexpr std::int64_t kScoreOne = std::int64_t{1} << 16;

struct Support {
  std::int64_t score;  // in units of 1 / kScoreOne
  std::int32_t num_inliers;
};

FASTDCT_HD double squared_residual(const Affine& m, const Match& p) {
  const double du = m.a * p.x + m.b * p.y + m.tx - p.u;
  const double dv = m.c * p.x + m.d * p.y + m.ty - p.v;
  return du * du + dv * dv;
}

FASTDCT_HD Support support(const Affine& model, const Matches& matches, double squared_error) {
  Support sum{0, 0};
  for (std::int32_t i = 0; i < matches.size; ++i) {
    const double squared = squared_residual(model, matches[i]);
    if (!(squared <= squared_error)) continue;  // NaN is an outlier
    sum.score += static_cast<std::int32_t>((1 - squared / squared_error) * static_cast<double>(kScoreOne));
    ++sum.num_inliers;
  }
  return sum;
}

}  // namespace fastdct::ransac
