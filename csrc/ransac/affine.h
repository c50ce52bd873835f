// The affine and the similarity model, u = m0 x + m1 y + m2 and v = m3 x + m4 y + m5: from the fewest
// matches, and from many by weighted least squares.
#pragma once
#include "common/real.h"
#include "ransac/matches.h"
#include "ransac/model.h"
#include "ransac/plausibility.h"
#include "ransac/score.h"

namespace fastdct::ransac {

template <class Real>
using Affine = Model<Real, 6>;

// x1 y2 - x2 y1: twice the area between two edges.
template <class Real>
FASTDCT_HD Real cross(Real x1, Real y1, Real x2, Real y2) {
  return fused_negative(x2, y1, x1 * y2);
}

// The map with this linear part that takes (x, y) of `p` to (u, v).
template <class Real>
FASTDCT_HD Affine<Real> through(const Match<Real>& p, Real a, Real b, Real c, Real d) {
  return {{a, b, fused_negative(a, p.x, fused_negative(b, p.y, p.u)), c, d,
           fused_negative(c, p.x, fused_negative(d, p.y, p.v))}};
}

template <class Real>
FASTDCT_HD Real squared_affine_residual(const Affine<Real>& m, const Match<Real>& p) {
  const Real du = fused(m[0], p.x, fused(m[1], p.y, m[2] - p.u));
  const Real dv = fused(m[3], p.x, fused(m[4], p.y, m[5] - p.v));
  return fused(du, du, dv * dv);
}

// Source keypoints closer together than the error allowed pin no map down: twice the area of a sample's
// triangle must exceed that of a square with sides of two thresholds, and the squared distance of two points
// the square of two thresholds. Target keypoints may be closer, if bounds of the scale allow it: they only
// must not lie on a line, as far as float32 can say.
constexpr float kMinSourceSpread = 4 * kErrorSteps * kErrorSteps;
constexpr float kMinTargetSpread = kErrorSteps * kErrorSteps / 16;

// The affine map that takes three source points to their targets; whether it is to be tried.
template <class Real>
FASTDCT_HD auto solve_affine(const Match<Real>* sample, const LinearBounds& bounds, Affine<Real>* model) {
  const Match<Real>&p = sample[0], &q = sample[1], &r = sample[2];
  const Real x1 = q.x - p.x, y1 = q.y - p.y, u1 = q.u - p.u, v1 = q.v - p.v;
  const Real x2 = r.x - p.x, y2 = r.y - p.y, u2 = r.u - p.u, v2 = r.v - p.v;
  const Real source_area = cross(x1, y1, x2, y2), target_area = cross(u1, v1, u2, v2);
  const Real scale = Real(1) / source_area;
  const Real a = cross(u1, y1, u2, y2) * scale, b = cross(x1, u1, x2, u2) * scale;
  const Real c = cross(v1, y1, v2, y2) * scale, d = cross(x1, v1, x2, v2) * scale;
  *model = through(p, a, b, c, d);
  return plausible(a, b, c, d, bounds) & (magnitude(source_area) > Real(kMinSourceSpread)) &
         (magnitude(target_area) > Real(kMinTargetSpread));
}

// Of the similarity (a -c; c a), whose determinant is a^2 + c^2: it never reflects.
template <class Real>
FASTDCT_HD auto plausible_scale(Real a, Real c, const LinearBounds& bounds) {
  const Real determinant = fused(a, a, c * c);
  return (determinant > Real(bounds.min_determinant)) & (determinant < Real(bounds.max_determinant));
}

// The rotation and scale that take two source points to their targets. In complex numbers, a + ic is the
// quotient of the edges.
template <class Real>
FASTDCT_HD auto solve_similarity(const Match<Real>* sample, const LinearBounds& bounds, Affine<Real>* model) {
  const Match<Real>&p = sample[0], &q = sample[1];
  const Real x = q.x - p.x, y = q.y - p.y, u = q.u - p.u, v = q.v - p.v;
  const Real source_length = fused(x, x, y * y), target_length = fused(u, u, v * v);
  const Real scale = Real(1) / source_length;
  const Real a = fused(x, u, y * v) * scale, c = cross(x, y, u, v) * scale;
  *model = through(p, a, Real(0) - c, c, a);
  return plausible_scale(a, c, bounds) & (source_length > Real(kMinSourceSpread)) &
         (target_length > Real(kMinTargetSpread));
}

// Weighted sums over matches.
enum Moment { kW, kX, kY, kU, kV, kXX, kXY, kYY, kXU, kYU, kXV, kYV, kNumMoments };

template <class Real>
FASTDCT_HD void add_moments(const Match<Real>& p, Real w, Real* sum) {
  const Real x = w * p.x, y = w * p.y;
  sum[kW] = sum[kW] + w;
  sum[kX] = sum[kX] + x;
  sum[kY] = sum[kY] + y;
  sum[kU] = fused(w, p.u, sum[kU]);
  sum[kV] = fused(w, p.v, sum[kV]);
  sum[kXX] = fused(x, p.x, sum[kXX]);
  sum[kXY] = fused(x, p.y, sum[kXY]);
  sum[kYY] = fused(y, p.y, sum[kYY]);
  sum[kXU] = fused(x, p.u, sum[kXU]);
  sum[kYU] = fused(y, p.u, sum[kYU]);
  sum[kXV] = fused(x, p.v, sum[kXV]);
  sum[kYV] = fused(y, p.v, sum[kYV]);
}

// Moments about the mean.
struct Centred {
  Match<double> mean;
  double xx, xy, yy, xu, yu, xv, yv;
};

FASTDCT_HD Centred centred(const double* sum) {
  const double w = sum[kW];
  const Match<double> mean{sum[kX] / w, sum[kY] / w, sum[kU] / w, sum[kV] / w};
  return {mean,
          sum[kXX] - sum[kX] * mean.x,
          sum[kXY] - sum[kX] * mean.y,
          sum[kYY] - sum[kY] * mean.y,
          sum[kXU] - sum[kX] * mean.u,
          sum[kYU] - sum[kY] * mean.u,
          sum[kXV] - sum[kX] * mean.v,
          sum[kYV] - sum[kY] * mean.v};
}

// Points of which the cloud is this thin, smallest over largest standard deviation, lie on a line as far as
// they tell.
constexpr double kMinThinness = 1e-5;

// Least squares. False if the source points lie on a line.
FASTDCT_HD bool fit_affine(const Centred& s, Affine<double>* model) {
  const double det = s.xx * s.yy - s.xy * s.xy, spread = s.xx + s.yy;
  if (!(det > kMinThinness * kMinThinness * spread * spread)) return false;
  *model = through(s.mean, (s.xu * s.yy - s.yu * s.xy) / det, (s.yu * s.xx - s.xu * s.xy) / det,
                   (s.xv * s.yy - s.yv * s.xy) / det, (s.yv * s.xx - s.xv * s.xy) / det);
  return true;
}

// Least squares (Umeyama 1991, without the reflection). False if the source points coincide.
FASTDCT_HD bool fit_similarity(const Centred& s, Affine<double>* model) {
  const double spread = s.xx + s.yy;
  if (!(spread > 0)) return false;
  const double a = (s.xu + s.yv) / spread, c = (s.xv - s.yu) / spread;
  *model = through(s.mean, a, -c, c, a);
  return true;
}

}  // namespace fastdct::ransac
