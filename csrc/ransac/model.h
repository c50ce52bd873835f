// Models are row-major matrices: similarity and affine [2, 3], homography and fundamental matrix [3, 3].
#pragma once
#include "common/host_device.h"

namespace fastdct::ransac {

template <class Real, int N>
struct Model {
  static constexpr int kSize = N;
  Real at[N];

  FASTDCT_HD Real& operator[](int i) { return at[i]; }
  FASTDCT_HD const Real& operator[](int i) const { return at[i]; }
};

}  // namespace fastdct::ransac
