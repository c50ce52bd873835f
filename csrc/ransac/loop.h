// The RANSAC loop: draw, score, optimise the best, stop when enough was drawn. It knows no geometry; an
// Estimator has
//   using Model;
//   bool hypothesis(uint32_t index, Model*) const;      false: degenerate or implausible, costs an iteration
//   Support support(const Model&) const;
//   void optimise(Fit<Model>*) const;                   may only raise the score
//   double sample_probability(int32_t num_inliers) const;   that a drawn sample holds inliers only
#pragma once
#include <cmath>
#include <cstdint>

#include "common/host_device.h"
#include "ransac/score.h"

namespace fastdct::ransac {

struct Budget {
  std::int32_t max_iterations;
  double confidence;  // in (0, 1]; 1 = never stop early
};

template <class Model>
struct Fit {
  Model model;
  Support support;              // score 0: nothing was found
  std::int32_t num_iterations;  // hypotheses drawn
};

// Probability that three different matches drawn from num_matches are all among the num_inliers, exactly:
// C(I, 3) / C(N, 3). The usual (I/N)^3 is drawing with replacement; it is too large, and stops too early,
// most where inliers are few (arXiv 2503.07829).
FASTDCT_HD double triple_probability(std::int32_t num_inliers, std::int32_t num_matches) {
  const double i = num_inliers, n = num_matches;
  return num_inliers < 3 ? 0 : i / n * ((i - 1) / (n - 1)) * ((i - 2) / (n - 2));
}

// Fewest draws k with 1 - (1 - probability)^k >= confidence, at most `limit`.
FASTDCT_HD std::int32_t required_iterations(double probability, double confidence, std::int32_t limit) {
  if (probability >= 1) return 1 < limit ? 1 : limit;
  if (probability <= 0) return limit;
  const double draws = std::ceil(std::log1p(-confidence) / std::log1p(-probability));
  return draws < limit ? static_cast<std::int32_t>(draws) : limit;
}

// Ties go to the earlier hypothesis.
template <class Estimator>
FASTDCT_HD Fit<typename Estimator::Model> search(const Estimator& estimator, const Budget& budget) {
  using Model = typename Estimator::Model;
  Fit<Model> best{Model{}, Support{0, 0}, 0};
  std::int32_t drawn = 0;
  for (std::int32_t limit = budget.max_iterations; drawn < limit; ++drawn) {
    Fit<Model> fit{Model{}, Support{0, 0}, 0};
    if (!estimator.hypothesis(static_cast<std::uint32_t>(drawn), &fit.model)) continue;
    fit.support = estimator.support(fit.model);
    if (fit.support.score <= best.support.score) continue;
    estimator.optimise(&fit);
    best = fit;
    limit =
        required_iterations(estimator.sample_probability(best.support.num_inliers), budget.confidence, limit);
  }
  best.num_iterations = drawn;
  return best;
}

}  // namespace fastdct::ransac
