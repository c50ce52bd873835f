// The 8-point DCT and its inverse: on a vector, one transform in every lane, or on the floats of a GPU
// thread.
#pragma once
#include "common/host_device.h"

namespace fastdct::dct {

// Both transforms are scaled by sqrt 8: with c(k) = sqrt 2 cos(k pi / 16) the matrix has rows of 1 and c(4) =
// 1 for frequencies 0 and 4, which then need no multiplication; a caller divides by sqrt 8 where it
// multiplies anyway. Even frequencies go through butterflies, odd ones through a 4x4 product: 14 additions
// and 20 fused multiply-adds, which keeps adders and multipliers equally busy. The scheme of Arai, Agui and
// Nakajima (29 additions, 5 multiplications) is bound by the adders and needs a table of scale factors.
constexpr float kC1 = 1.38703984532214753f;
constexpr float kC2 = 1.30656296487637658f;
constexpr float kC3 = 1.17587560241935884f;
constexpr float kC5 = 0.78569495838710218f;
constexpr float kC6 = 0.54119610014619690f;
constexpr float kC7 = 0.27589937928294311f;

// Frequencies to samples.
template <class Real>
FASTDCT_HD void inverse8(Real x[8]) {
  const Real sum = x[0] + x[4], difference = x[0] - x[4];
  const Real outer = kC2 * x[2] + kC6 * x[6], inner = kC6 * x[2] - kC2 * x[6];
  const Real even[4] = {sum + outer, difference + inner, difference - inner, sum - outer};
  const Real odd[4] = {
      kC1 * x[1] + kC3 * x[3] + kC5 * x[5] + kC7 * x[7], kC3 * x[1] - kC7 * x[3] - kC1 * x[5] - kC5 * x[7],
      kC5 * x[1] - kC1 * x[3] + kC7 * x[5] + kC3 * x[7], kC7 * x[1] - kC5 * x[3] + kC3 * x[5] - kC1 * x[7]};
  for (int n = 0; n < 4; ++n) {
    x[n] = even[n] + odd[n];
    x[7 - n] = even[n] - odd[n];
  }
}

// Samples to frequencies: the transpose of the above.
template <class Real>
FASTDCT_HD void forward8(Real x[8]) {
  Real sum[4], difference[4];
  for (int n = 0; n < 4; ++n) {
    sum[n] = x[n] + x[7 - n];
    difference[n] = x[n] - x[7 - n];
  }
  const Real outer = sum[0] + sum[3], inner = sum[1] + sum[2];
  const Real outer_slope = sum[0] - sum[3], inner_slope = sum[1] - sum[2];
  x[0] = outer + inner;
  x[4] = outer - inner;
  x[2] = kC2 * outer_slope + kC6 * inner_slope;
  x[6] = kC6 * outer_slope - kC2 * inner_slope;
  x[1] = kC1 * difference[0] + kC3 * difference[1] + kC5 * difference[2] + kC7 * difference[3];
  x[3] = kC3 * difference[0] - kC7 * difference[1] - kC1 * difference[2] - kC5 * difference[3];
  x[5] = kC5 * difference[0] - kC1 * difference[1] + kC7 * difference[2] + kC3 * difference[3];
  x[7] = kC7 * difference[0] - kC5 * difference[1] + kC3 * difference[2] - kC1 * difference[3];
}

}  // namespace fastdct::dct
