// Whether a linear map is one that a camera could make between two views.
#pragma once
#include "common/real.h"

namespace fastdct::ransac {

// What is believed of a linear part with singular values s1 >= s2.
struct Plausibility {
  double min_scale;       // of sqrt(s1 s2), the geometric mean; 0 = no bound
  double max_scale;       // infinity = no bound
  double max_anisotropy;  // of s1 / s2; infinity = no bound
  bool allow_reflection;  // else the determinant must be positive
};

// The same as bounds of what costs no square root: |det| = s1 s2, and the sum of squares s1^2 + s2^2 over it
// is k + 1/k, which grows with k = s1 / s2. Narrowed a little: what float32 lets through, float64 must not
// refuse.
struct LinearBounds {
  float min_determinant, max_determinant, max_shape;
  bool allow_reflection;
};

inline LinearBounds linear_bounds(const Plausibility& p) {
  constexpr double slack = 1 - 1e-5;
  return {static_cast<float>(p.min_scale * p.min_scale / slack),
          static_cast<float>(p.max_scale * p.max_scale * slack),
          static_cast<float>((p.max_anisotropy + 1 / p.max_anisotropy) * slack), p.allow_reflection};
}

// Of the linear map (a b; c d). Comparisons are such that NaN is not plausible.
template <class Real>
FASTDCT_HD auto plausible(Real a, Real b, Real c, Real d, const LinearBounds& bounds) {
  const Real signed_determinant = fused_negative(b, c, a * d);
  const Real determinant = bounds.allow_reflection ? magnitude(signed_determinant) : signed_determinant;
  const Real squares = fused(a, a, fused(b, b, fused(c, c, d * d)));
  return (determinant > Real(bounds.min_determinant)) & (determinant < Real(bounds.max_determinant)) &
         (squares < determinant * Real(bounds.max_shape));
}

}  // namespace fastdct::ransac
