// The tentative matches of one image pair.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::ransac {

// Real: double for what the caller sees, float or Lanes of it where hypotheses are tried.
template <class Real>
struct Match {
  Real x, y;  // keypoint in the source image
  Real u, v;  // keypoint in the target image
};

// A view of the caller's arrays, in pixels.
struct Matches {
  const double* source;  // [size, 2]
  const double* target;  // [size, 2]
  std::int32_t size;

  FASTDCT_HD Match<double> operator[](std::int32_t i) const {
    const std::int64_t at = 2 * static_cast<std::int64_t>(i);
    return {source[at], source[at + 1], target[at], target[at + 1]};
  }
};

// The same as a structure of float arrays, for the search: coordinates from about the middle of each image,
// in steps of 1 / kErrorSteps of the largest error (problem_view.h).
struct Columns {
  float* column[4];  // x, y, u, v, each [size + padding]
  std::int32_t size;

  FASTDCT_HD Columns first(std::int32_t count) const {
    return {{column[0], column[1], column[2], column[3]}, count};
  }

  FASTDCT_HD Match<float> operator[](std::int32_t i) const {
    return {column[0][i], column[1][i], column[2][i], column[3][i]};
  }
};

}  // namespace fastdct::ransac
