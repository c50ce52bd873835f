// What the loop needs to know of affine maps between one pair of images.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "ransac/affine.h"
#include "ransac/loop.h"
#include "ransac/matches.h"
#include "ransac/sample.h"
#include "ransac/score.h"

namespace fastdct::ransac {

// Three matches always agree with the map through them, so a pair needs a fourth before anything is verified
// (DELG too scores 0 up to three).
constexpr std::int32_t kMinMatches = 4;

// Least squares changes the inlier set, which changes the least squares: it settles in two or three rounds.
constexpr int kMaxRefits = 8;

struct AffineEstimator {
  using Model = Affine;
  Matches matches;
  Plausibility bounds;
  std::uint64_t seed;
  double squared_error;  // max_error^2, pixels^2

  FASTDCT_HD bool hypothesis(std::uint32_t index, Affine* model) const {
    const Triple t = draw_triple(seed, index, matches.size);
    return solve(matches[t.index[0]], matches[t.index[1]], matches[t.index[2]], model) &&
           plausible(*model, bounds);
  }

  FASTDCT_HD Support support(const Affine& model) const {
    return ransac::support(model, matches, squared_error);
  }

  FASTDCT_HD double sample_probability(std::int32_t num_inliers) const {
    return triple_probability(num_inliers, matches.size);
  }

  // Least squares on the inliers while that does not lower the score. An equal score is taken, once: many
  // matches pin a model down better than three.
  FASTDCT_HD void optimise(Fit<Affine>* fit) const {
    for (int round = 0; round < kMaxRefits; ++round) {
      const Affine current = fit->model;
      const auto inlier = [&](const Match& m) { return squared_residual(current, m) <= squared_error; };
      Affine refit;
      if (!least_squares(matches, inlier, &refit) || !plausible(refit, bounds)) return;
      const Support gained = support(refit);
      if (gained.score < fit->support.score) return;
      const bool settled = gained.score == fit->support.score;
      fit->model = refit;
      fit->support = gained;
      if (settled) return;
    }
  }
};

}  // namespace fastdct::ransac
