// The homography, u = (m0 x + m1 y + m2) / w, v = (m3 x + m4 y + m5) / w with w = m6 x + m7 y + 1: the middle
// of the source image, where x = y = 0, is in front of both cameras.
#pragma once
#include "common/real.h"
#include "ransac/affine.h"
#include "ransac/linear_algebra.h"
#include "ransac/model.h"
#include "ransac/plausibility.h"

namespace fastdct::ransac {

template <class Real>
using Homography = Model<Real, 8>;

// How much nearer or farther than the middle a keypoint may be, as w. Views that differ more have no matches.
constexpr float kMinDepth = 0.1f, kMaxDepth = 10.0f;

template <class Real>
FASTDCT_HD Real squared_homography_residual(const Homography<Real>& m, const Match<Real>& p) {
  const Real w = fused(m[6], p.x, fused(m[7], p.y, Real(1)));
  const auto in_front = (w > Real(kMinDepth)) & (w < Real(kMaxDepth));
  const Real inverse = Real(1) / w;
  const Real du = fused(m[0], p.x, fused(m[1], p.y, m[2])) * inverse - p.u;
  const Real dv = fused(m[3], p.x, fused(m[4], p.y, m[5])) * inverse - p.v;
  return select(in_front, fused(du, du, dv * dv), Real(1e30f));
}

// Whether the affine map that approximates it at (x, y) is plausible.
template <class Real>
FASTDCT_HD auto plausible_at(const Homography<Real>& m, Real x, Real y, const LinearBounds& bounds) {
  const Real inverse = Real(1) / fused(m[6], x, fused(m[7], y, Real(1)));
  const Real u = fused(m[0], x, fused(m[1], y, m[2])) * inverse;
  const Real v = fused(m[3], x, fused(m[4], y, m[5])) * inverse;
  return plausible(fused_negative(u, m[6], m[0]) * inverse, fused_negative(u, m[7], m[1]) * inverse,
                   fused_negative(v, m[6], m[3]) * inverse, fused_negative(v, m[7], m[4]) * inverse, bounds);
}

// The homography through four matches; whether it is to be tried.
//
// With the fourth match as origin of both images, the others at a_i and b_i, let d_1 = a_2 x a_3 and so on
// around, and e_i likewise of the b. Then d_1 a_1 + d_2 a_2 + d_3 a_3 = 0, and
//   H = sum_i k_i (b_i, 1) (a_j - a_k turned by a right angle, d_i),   k_i = e_i / (d_i (e_1 + e_2 + e_3)),
// takes 0 to 0 and a_i to b_i with w = k_i (d_1 + d_2 + d_3). All four points are in front if these are
// positive, which random samples rarely are; and the first two columns are the affine approximation at the
// origin.
template <class Real>
FASTDCT_HD auto solve_homography(const Match<Real>* sample, const LinearBounds& bounds,
                                 Homography<Real>* model) {
  const Match<Real>& o = sample[3];
  Real x[3], y[3], u[3], v[3], d[3], e[3];
  for (int i = 0; i < 3; ++i) {
    x[i] = sample[i].x - o.x, y[i] = sample[i].y - o.y, u[i] = sample[i].u - o.u, v[i] = sample[i].v - o.v;
  }
  for (int i = 0; i < 3; ++i) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    d[i] = cross(x[j], y[j], x[k], y[k]);
    e[i] = cross(u[j], v[j], u[k], v[k]);
  }
  const Real d_sum = d[0] + d[1] + d[2], e_sum = e[0] + e[1] + e[2];
  auto tried = (magnitude(d_sum) > Real(kMinSourceSpread)) & (magnitude(e_sum) > Real(kMinTargetSpread));
  Real a = Real(0), b = a, c = a, f = a, g = a, h = a;
  for (int i = 0; i < 3; ++i) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    const Real factor = e[i] / (d[i] * e_sum);
    const Real across = factor * (y[j] - y[k]), down = factor * (x[k] - x[j]);
    a = fused(u[i], across, a), b = fused(u[i], down, b);
    c = fused(v[i], across, c), f = fused(v[i], down, f);
    g = g + across, h = h + down;
    const Real w = factor * d_sum;
    tried = tried & (magnitude(d[i]) > Real(kMinSourceSpread)) & (magnitude(e[i]) > Real(kMinTargetSpread)) &
            (w > Real(kMinDepth)) & (w < Real(kMaxDepth));
  }
  tried = tried & plausible(a, b, c, f, bounds);
  // Moved to the frame's origin, and scaled so that w is 1 there.
  const Real w = fused_negative(g, o.x, fused_negative(h, o.y, Real(1)));
  const Real scale = Real(1) / w;
  *model = {{fused(o.u, g, a) * scale, fused(o.u, h, b) * scale,
             fused(o.u, w, Real(0) - fused(a, o.x, b * o.y)) * scale, fused(o.v, g, c) * scale,
             fused(o.v, h, f) * scale, fused(o.v, w, Real(0) - fused(c, o.x, f * o.y)) * scale, g * scale,
             h * scale}};
  return tried & (w > Real(kMinDepth)) & (w < Real(kMaxDepth));
}

// Weighted sums for a Gauss-Newton step on the residuals. With (X, Y, W) = (x, y, 1) / w the Jacobian of u is
// (X, Y, W, 0, 0, 0, -u X, -u Y) and that of v (0, 0, 0, X, Y, W, -v X, -v Y); what is summed are the
// products XX XY YY XW YW WW, the first five times u and times v, the first three times u^2 + v^2, and the
// gradient.
enum HomographySum {
  kProducts = 0,
  kTimesU = 6,
  kTimesV = 11,
  kTimesSquares = 16,
  kGradient = 19,
  kNumHomographySums = 27,
};

template <class Real>
FASTDCT_HD void add_homography(const Homography<Real>& m, const Match<Real>& p, Real weight, Real* sum) {
  const Real inverse = Real(1) / fused(m[6], p.x, fused(m[7], p.y, Real(1)));
  const Real x = p.x * inverse, y = p.y * inverse;
  const Real u = fused(m[0], p.x, fused(m[1], p.y, m[2])) * inverse;
  const Real v = fused(m[3], p.x, fused(m[4], p.y, m[5])) * inverse;
  const Real wx = weight * x, wy = weight * y, ww = weight * inverse;
  const Real product[6] = {wx * x, wx * y, wy * y, wx * inverse, wy * inverse, ww * inverse};
  for (int i = 0; i < 6; ++i) sum[kProducts + i] = sum[kProducts + i] + product[i];
  for (int i = 0; i < 5; ++i) {
    sum[kTimesU + i] = fused(product[i], u, sum[kTimesU + i]);
    sum[kTimesV + i] = fused(product[i], v, sum[kTimesV + i]);
  }
  const Real squares = fused(u, u, v * v);
  for (int i = 0; i < 3; ++i) sum[kTimesSquares + i] = fused(product[i], squares, sum[kTimesSquares + i]);
  const Real du = u - p.u, dv = v - p.v, along = Real(0) - fused(u, du, v * dv);
  const Real gradient[8] = {wx * du, wy * du, ww * du, wx * dv, wy * dv, ww * dv, wx * along, wy * along};
  for (int i = 0; i < 8; ++i) sum[kGradient + i] = sum[kGradient + i] + gradient[i];
}

// False if the matches leave the homography open.
FASTDCT_HD bool step_homography(const double* sum, const Homography<double>& from, Homography<double>* to) {
  constexpr int kProduct[3][3] = {{0, 1, 3}, {1, 2, 4}, {3, 4, 5}};
  double a[8][8] = {}, b[8];
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) a[i][j] = a[3 + i][3 + j] = sum[kProducts + kProduct[i][j]];
    for (int j = 0; j < 2; ++j) {
      a[6 + j][i] = -sum[kTimesU + kProduct[i][j]];
      a[6 + j][3 + i] = -sum[kTimesV + kProduct[i][j]];
      if (i < 2) a[6 + j][6 + i] = sum[kTimesSquares + kProduct[i][j]];
    }
  }
  for (int i = 0; i < 8; ++i) b[i] = sum[kGradient + i];
  if (!solve_positive_definite(a, b)) return false;
  for (int i = 0; i < 8; ++i) to->at[i] = from[i] - b[i];
  return true;
}

// The middle of the matches summed, as seen by the products.
FASTDCT_HD bool plausible_step(const double* sum, const Homography<double>& model,
                               const LinearBounds& bounds) {
  const double w = sum[kProducts + 5];
  return plausible_at(model, sum[kProducts + 3] / w, sum[kProducts + 4] / w, bounds);
}

}  // namespace fastdct::ransac
