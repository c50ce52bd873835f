// From the search's float32 model to the one returned, in float64 and in pixels: whoever recounts the inliers of
// the returned model in float64 finds exactly the returned ones.
#pragma once
#include <cstdint>

#include "ransac/affine.h"
#include "ransac/matches.h"
#include "ransac/problem_view.h"
#include "ransac/score.h"

namespace fastdct::ransac {

// A model in search coordinates as one in pixels.
Affine<double> in_pixels(const Affine<float>& model, const Frame& frame);

FASTDCT_HD double squared_residual(const Affine<double>& m, const Match<double>& p) {
  const double du = m[0] * p.x + m[1] * p.y + m[2] - p.u;
  const double dv = m[3] * p.x + m[4] * p.y + m[5] - p.v;
  return du * du + dv * dv;
}

// Least squares on the inliers while that does not lower the score. An equal score is taken, once: many matches
// pin a model down better than three.
// `inlier` [matches.size + 1] receives the inliers' indices, rising.
Support polish(const Matches& matches, const Frame& frame, const Plausibility& bounds, double max_error,
               Affine<double>* model, std::int32_t* inlier);

}  // namespace fastdct::ransac
