#include "ransac/polish.h"

#include <cmath>

namespace fastdct::ransac {
namespace {

// Least squares changes the inlier set, which changes the least squares: it settles in two or three rounds.
constexpr int kMaxRefits = 8;

bool is_plausible(const Affine<double>& m, const Plausibility& bounds) {
  const double signed_determinant = m[0] * m[4] - m[1] * m[3];
  const double determinant = bounds.allow_reflection ? std::fabs(signed_determinant) : signed_determinant;
  const double squares = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
  return determinant > 0 && determinant >= bounds.min_scale * bounds.min_scale &&
         determinant <= bounds.max_scale * bounds.max_scale &&
         squares <= determinant * (bounds.max_anisotropy + 1 / bounds.max_anisotropy);
}

// The inliers' indices, rising; without a branch, since which are is not predictable.
std::int32_t find_inliers(const Matches& matches, const Affine<double>& model, double squared_error,
                          std::int32_t* inlier) {
  std::int32_t count = 0;
  for (std::int32_t i = 0; i < matches.size; ++i) {
    inlier[count] = i;
    count += squared_residual(model, matches[i]) <= squared_error;  // NaN is an outlier
  }
  return count;
}

struct Round {
  Support support{0, 0};
  double sums[Moments<double>::kSize] = {};  // of the inliers, about the frame's centre
};

Round count(const Matches& matches, const Match<double>& centre, double squared_error,
            const Affine<double>& model, std::int32_t* inlier) {
  Round round;
  const std::int32_t num_inliers = find_inliers(matches, model, squared_error, inlier);
  double* sum = round.sums;
  for (std::int32_t k = 0; k < num_inliers; ++k) {
    const Match<double> match = matches[inlier[k]];
    const double squared = squared_residual(model, match);
    round.support.score +=
        static_cast<std::int32_t>((1 - squared / squared_error) * static_cast<double>(kScoreOne));
    const double x = match.x - centre.x, y = match.y - centre.y, u = match.u - centre.u, v = match.v - centre.v;
    sum[kX] += x, sum[kY] += y, sum[kU] += u, sum[kV] += v;
    sum[kXX] += x * x, sum[kXY] += x * y, sum[kYY] += y * y;
    sum[kXU] += x * u, sum[kYU] += y * u, sum[kXV] += x * v, sum[kYV] += y * v;
  }
  sum[kW] = sum[kCount] = round.support.num_inliers = num_inliers;
  return round;
}

}  // namespace

Affine<double> in_pixels(const Affine<float>& m, const Frame& frame) {
  const Match<double>& c = frame.centre;
  return {{m[0], m[1], m[2] / frame.scale + c.u - m[0] * c.x - m[1] * c.y,  //
           m[3], m[4], m[5] / frame.scale + c.v - m[3] * c.x - m[4] * c.y}};
}

Support polish(const Matches& matches, const Frame& frame, const Plausibility& bounds, double max_error,
               Affine<double>* model, std::int32_t* inlier) {
  const double squared_error = max_error * max_error;
  const Match<double>& centre = frame.centre;
  Round best = count(matches, centre, squared_error, *model, inlier);
  for (int i = 0; i < kMaxRefits; ++i) {
    Centred sums = centred(best.sums);
    sums.mean = {sums.mean.x + centre.x, sums.mean.y + centre.y, sums.mean.u + centre.u, sums.mean.v + centre.v};
    Affine<double> refitted;
    if (best.support.num_inliers < 3 || !fit_affine(sums, kMinThinness, &refitted)) break;
    if (!is_plausible(refitted, bounds)) break;
    const Round round = count(matches, centre, squared_error, refitted, inlier);
    if (round.support.score < best.support.score) {
      find_inliers(matches, *model, squared_error, inlier);
      break;
    }
    const bool settled = round.support.score == best.support.score;
    best = round;
    *model = refitted;
    if (settled) break;
  }
  return best.support;
}

}  // namespace fastdct::ransac
