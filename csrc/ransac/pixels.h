// From search coordinates to pixels. A model goes from float32 in search coordinates over float64 in pixels
// from the centres (problem_view.h) to the matrix in pixels that is returned.
#pragma once
#include <cmath>

#include "common/host_device.h"
#include "ransac/estimators.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

// Row-major [2, 3], of which the first six numbers are used, or [3, 3].
using Matrix = Model<double, 9>;

FASTDCT_HD Affine<double> unscaled(const Affine<float>& m, double scale) {
  return {{m[0], m[1], m[2] / scale, m[3], m[4], m[5] / scale}};
}

FASTDCT_HD Matrix in_pixels(const Affine<double>& m, const Match<double>& c) {
  return {{m[0], m[1], m[2] + c.u - m[0] * c.x - m[1] * c.y,  //
           m[3], m[4], m[5] + c.v - m[3] * c.x - m[4] * c.y, 0, 0, 0}};
}

template <class Real>
FASTDCT_HD Real squared_error(const AffineEstimator&, const Model<Real, 9>& m, const Match<Real>& p) {
  const Real du = m[0] * p.x + m[1] * p.y + m[2] - p.u;
  const Real dv = m[3] * p.x + m[4] * p.y + m[5] - p.v;
  return du * du + dv * dv;
}

FASTDCT_HD Homography<double> unscaled(const Homography<float>& m, double scale) {
  return {{m[0], m[1], m[2] / scale, m[3], m[4], m[5] / scale, m[6] * scale, m[7] * scale}};
}

FASTDCT_HD Matrix in_pixels(const Homography<double>& m, const Match<double>& c) {
  const double w = 1 - m[6] * c.x - m[7] * c.y;
  return {{m[0] + c.u * m[6], m[1] + c.u * m[7], m[2] - m[0] * c.x - m[1] * c.y + c.u * w, m[3] + c.v * m[6],
           m[4] + c.v * m[7], m[5] - m[3] * c.x - m[4] * c.y + c.v * w, m[6], m[7], w}};
}

template <class Real>
FASTDCT_HD Real squared_error(const HomographyEstimator&, const Model<Real, 9>& m, const Match<Real>& p) {
  const Real w = m[6] * p.x + m[7] * p.y + m[8];
  const Real du = (m[0] * p.x + m[1] * p.y + m[2]) / w - p.u;
  const Real dv = (m[3] * p.x + m[4] * p.y + m[5]) / w - p.v;
  const auto in_front =
      (w > Real(static_cast<double>(kMinDepth))) & (w < Real(static_cast<double>(kMaxDepth)));
  return select(in_front, du * du + dv * dv, Real(HUGE_VAL));
}

FASTDCT_HD Fundamental<double> unscaled(const Fundamental<float>& m, double scale) {
  const double all = scale * scale;
  return {{m[0] * all, m[1] * all, m[2] * scale, m[3] * all, m[4] * all, m[5] * scale, m[6] * scale,
           m[7] * scale, m[8]}};
}

FASTDCT_HD Matrix in_pixels(const Fundamental<double>& m, const Match<double>& c) {
  return unnormalised(m.at, {c, 1, 1});
}

template <class Real>
FASTDCT_HD Real squared_error(const FundamentalEstimator&, const Model<Real, 9>& f, const Match<Real>& p) {
  const Real a = f[0] * p.x + f[1] * p.y + f[2], b = f[3] * p.x + f[4] * p.y + f[5];
  const Real c = f[6] * p.x + f[7] * p.y + f[8];
  const Real d = f[0] * p.u + f[3] * p.v + f[6], e = f[1] * p.u + f[4] * p.v + f[7];
  const Real algebraic = a * p.u + b * p.v + c;
  return algebraic * algebraic / (a * a + b * b + d * d + e * e);
}

}  // namespace fastdct::ransac
