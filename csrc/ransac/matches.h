// The tentative matches of one image pair: a view of the caller's arrays.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::ransac {

struct Match {
  double x, y;  // keypoint in the source image, pixels
  double u, v;  // keypoint in the target image, pixels
};

struct Matches {
  const double* source;  // [size, 2]
  const double* target;  // [size, 2]
  std::int32_t size;

  FASTDCT_HD Match operator[](std::int32_t i) const {
    const std::int64_t at = 2 * static_cast<std::int64_t>(i);
    return {source[at], source[at + 1], target[at], target[at + 1]};
  }
};

}  // namespace fastdct::ransac
