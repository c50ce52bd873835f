// One-point sampling: the similarity that the scales and angles of a match's two keypoints tell.
#pragma once
#include <cmath>

#include "common/host_device.h"
#include "ransac/affine.h"
#include "ransac/matches.h"
#include "ransac/optimise.h"
#include "ransac/plausibility.h"

namespace fastdct::ransac {

// A few per cent of scale and degrees of angle are many pixels at the other end of the image: hypotheses are
// compared with so many times the error allowed, and fitted from farther away. Measured with 10 % and 5
// degrees at 5 % inliers: success .98, with 2.5 and 3 thresholds once .96.
constexpr float kOnePointSlack = 4;
constexpr Start kStartFromOnePoint = {5, 2};

// (cos, sin) to 1e-15, by operations that every machine and GPU rounds alike, which their libraries' are not.
FASTDCT_HD void direction(double angle, double* cosine, double* sine) {
  constexpr double kQuarter = 1.5707963267948966, kQuarterRest = 6.123233995736766e-17;  // sum: pi / 2
  const double turn = std::remainder(angle, 4 * kQuarter);  // exact; 2 pi is as good as the angle's last bit
  const double quarters = std::nearbyint(turn / kQuarter);
  const double x = turn - quarters * kQuarter - quarters * kQuarterRest, xx = x * x;
  // Taylor's series at |x| <= pi / 4, from the smallest term.
  double s = 1, c = 1;
  for (int k = 16; k > 0; k -= 2) s = 1 - xx / (k * (k + 1)) * s;
  for (int k = 17; k > 0; k -= 2) c = 1 - xx / (k * (k + 1)) * c;
  s = x * s;
  const bool crossed = std::fabs(quarters) == 1, opposite = std::fabs(quarters) == 2;
  *cosine = crossed ? -quarters * s : opposite ? -c : c;
  *sine = crossed ? quarters * c : opposite ? -s : s;
}

// (s cos a, s sin a) of a match whose keypoints' (scale, angle) are these.
FASTDCT_HD void turn_between(const double* source_frame, const double* target_frame, float* cosine,
                             float* sine) {
  const double scale = target_frame[0] / source_frame[0];
  double c, s;
  direction(target_frame[1] - source_frame[1], &c, &s);
  *cosine = static_cast<float>(scale * c);
  *sine = static_cast<float>(scale * s);
}

// The map that turns and scales so and takes the match's keypoints to each other; whether it is to be tried.
template <class Real>
FASTDCT_HD auto solve_one_point(const Match<Real>& match, Real cosine, Real sine, const LinearBounds& bounds,
                                Affine<Real>* model) {
  *model = through(match, cosine, Real(0.0f) - sine, sine, cosine);
  return plausible_scale(cosine, sine, bounds);
}

}  // namespace fastdct::ransac
