// The affine model: from three matches, from many by least squares, and whether it is one that a camera could
// make.
//
// Everything is double: solvers work on differences of coordinates, so that with 53 bits an offset of 1e4
// pixels costs nothing and no normalising pass is needed; and a caller who recounts the inliers of the
// returned model in float64 finds exactly the returned ones.
#pragma once
#include <cmath>

#include "common/host_device.h"
#include "ransac/matches.h"

namespace fastdct::ransac {

struct Affine {
  double a, b, tx;  // u = a x + b y + tx
  double c, d, ty;  // v = c x + d y + ty
};

// What is believed of a linear part with singular values s1 >= s2.
struct Plausibility {
  double min_scale;       // of sqrt(s1 s2), the geometric mean; 0 = no bound
  double max_scale;       // infinity = no bound
  double max_anisotropy;  // of s1 / s2; infinity = no bound
  bool allow_reflection;  // else the determinant must be positive
};

// Needs no singular values: |det| = s1 s2, the sum of squares is s1^2 + s2^2, and their ratio k + 1/k grows
// with k = s1 / s2. Comparisons are written so that NaN is not plausible.
FASTDCT_HD bool plausible(const Affine& m, const Plausibility& bounds) {
  const double signed_det = m.a * m.d - m.b * m.c;
  const double det = bounds.allow_reflection ? std::fabs(signed_det) : signed_det;
  const double squares = m.a * m.a + m.b * m.b + m.c * m.c + m.d * m.d;
  return det > 0 && det >= bounds.min_scale * bounds.min_scale &&
         det <= bounds.max_scale * bounds.max_scale &&
         squares <= det * (bounds.max_anisotropy + 1 / bounds.max_anisotropy);
}

// Twice the area of a triangle given by two edges must exceed this part of the longest edge squared, that is,
// the height over the longest edge must: below it the points are collinear or coincide, as far as arithmetic
// can say. Rounding gives 1e-16 for exactly collinear points; a triangle this thin is no use long before.
constexpr double kMinRelativeHeight = 1e-6;

FASTDCT_HD bool spans_plane(double x1, double y1, double x2, double y2) {
  const double area = std::fabs(x1 * y2 - x2 * y1);
  const double edge1 = x1 * x1 + y1 * y1;
  const double edge2 = x2 * x2 + y2 * y2;
  const double edge3 = (x2 - x1) * (x2 - x1) + (y2 - y1) * (y2 - y1);
  return area > kMinRelativeHeight * std::fmax(edge1, std::fmax(edge2, edge3));
}

FASTDCT_HD Affine through(const Match& p, double a, double b, double c, double d) {
  return {a, b, p.u - (a * p.x + b * p.y), c, d, p.v - (c * p.x + d * p.y)};
}

// The affine map that takes three source points to their targets; false if either triangle is degenerate.
FASTDCT_HD bool solve(const Match& p, const Match& q, const Match& r, Affine* model) {
  const double x1 = q.x - p.x, y1 = q.y - p.y, u1 = q.u - p.u, v1 = q.v - p.v;
  const double x2 = r.x - p.x, y2 = r.y - p.y, u2 = r.u - p.u, v2 = r.v - p.v;
  if (!spans_plane(x1, y1, x2, y2) || !spans_plane(u1, v1, u2, v2)) return false;
  const double scale = 1 / (x1 * y2 - x2 * y1);
  *model = through(p, (u1 * y2 - u2 * y1) * scale, (x1 * u2 - x2 * u1) * scale, (v1 * y2 - v2 * y1) * scale,
                   (x1 * v2 - x2 * v1) * scale);
  return true;
}

// Least squares over the matches that `selected` accepts: moments about the centroid, then a 2x2 system with
// two right hand sides. False if fewer than three are accepted or they lie on a line.
template <class Selected>
FASTDCT_HD bool least_squares(const Matches& matches, const Selected& selected, Affine* model) {
  Match mean{0, 0, 0, 0};
  std::int32_t count = 0;
  for (std::int32_t i = 0; i < matches.size; ++i) {
    if (!selected(matches[i])) continue;
    const Match m = matches[i];
    mean = {mean.x + m.x, mean.y + m.y, mean.u + m.u, mean.v + m.v};
    ++count;
  }
  if (count < 3) return false;
  mean = {mean.x / count, mean.y / count, mean.u / count, mean.v / count};

  double xx = 0, xy = 0, yy = 0, xu = 0, yu = 0, xv = 0, yv = 0;
  for (std::int32_t i = 0; i < matches.size; ++i) {
    if (!selected(matches[i])) continue;
    const Match m = matches[i];
    const double x = m.x - mean.x, y = m.y - mean.y, u = m.u - mean.u, v = m.v - mean.v;
    xx += x * x, xy += x * y, yy += y * y;
    xu += x * u, yu += y * u, xv += x * v, yv += y * v;
  }
  const double det = xx * yy - xy * xy;
  const double spread = xx + yy;
  // det / spread^2 is the square of how thin the cloud is, as the height is of the triangle above.
  if (!(det > kMinRelativeHeight * kMinRelativeHeight * spread * spread)) return false;
  *model = through(mean, (xu * yy - yu * xy) / det, (yu * xx - xu * xy) / det, (xv * yy - yv * xy) / det,
                   (yv * xx - xv * xy) / det);
  return true;
}

}  // namespace fastdct::ransac
