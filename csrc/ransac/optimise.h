// Local optimisation of one hypothesis, whoever sums over the matches.
#pragma once
#include "common/real.h"
#include "ransac/group.h"
#include "ransac/loop.h"
#include "ransac/problem_view.h"
#include "ransac/score.h"

namespace fastdct::ransac {

// How least squares begins from a hypothesis: with the matches within so many thresholds, so many times.
struct Start {
  float radius;
  int num_rounds;
};

// From matches that agree to within the noise. With 1.5 thresholds success is 1 % lower at 5 % inliers, 4
// gain nothing more.
constexpr Start kStartFromSample = {3, 1};

// Weight 1 at the model, falling to 1/2 at the radius and 0 beyond: pulled towards the matches that are
// surely inliers.
template <class Real>
FASTDCT_HD Real weight_within(Real squared, Real inverse_squared_radius) {
  const Real distance = squared * inverse_squared_radius;
  return only_where(distance < Real(1), fused(distance, Real(-0.5f), Real(1)));
}

constexpr int kMaxRefits = 12;

// Weighted least squares, first on wider neighbourhoods, then on the inliers for as long as that gains 1 %:
// the last digits are for the polish, of one model. support(model) judges a model; refit(radius, &model),
// radius in steps of search coordinates, fits it to the matches within; false if that comes to nothing.
template <class Model, class SupportOf, class Refit>
FASTDCT_HD Fit<Model> optimise(const Model& hypothesis, const Start& start, const SupportOf& support,
                               const Refit& refit) {
  Fit<Model> best{hypothesis, support(hypothesis), 0};
  Model model = hypothesis;
  float radius = start.radius;
  for (int round = 1; round <= kMaxRefits && refit(radius * kErrorSteps, &model); ++round) {
    if (round < start.num_rounds) continue;
    radius = 1;
    const Support gained = support(model);
    const bool settled = gained.score <= best.support.score + best.support.score / 128;
    if (gained.score > best.support.score) best = {model, gained, 0};
    if (settled && round > start.num_rounds) break;
  }
  return best;
}

// Hypotheses are compared and optimised, and the search is stopped, by so many of the matches, the first in a
// random order: at 5 % inliers, about the fewest that 50 000 samples of three can find, 16 true ones are
// among 320. With 256 matches 3 of 500 pairs are missed there that 320 find, and it is hardly faster. A
// fundamental matrix agrees with too much by chance for a part of the matches to tell.
template <class Estimator>
FASTDCT_HD std::int32_t num_compared(std::int32_t num_matches) {
  constexpr std::int32_t kFewest = 320;
  const std::int32_t part = num_matches / 4 / kSearchLanes * kSearchLanes;
  const std::int32_t compared = part > kFewest ? part : kFewest;
  return Estimator::kNumSums > 0 && compared < num_matches ? compared : num_matches;
}

// So few inliers that a false one among them pulls the model where it is one.
constexpr std::int32_t kFewInliers = 12;

// Fits once without each of a few inliers, for as long as that gains 1 %. Where least squares has settled on
// a false one, no radius frees it. At 5 % inliers the failures fall from 1.3 % to .85 %.
template <class Fitter, class Model>
FASTDCT_HD Fit<Model> without_each(const Fitter& fitter, const Fit<Model>& found) {
  Fit<Model> best = found;
  for (bool gained = true; gained && best.support.num_inliers <= kFewInliers;) {
    gained = false;
    const Fit<Model> from = best;
    const std::int32_t size = fitter.matches().size;
    for (std::int32_t i = fitter.next_inlier(from.model, 0); i < size;
         i = fitter.next_inlier(from.model, i + 1)) {
      const float target_x = fitter.matches().column[2][i];
      Model model = from.model;
      fitter.put(i, kFarAway);
      const bool fitted = fitter.refit_by_all(2 * kErrorSteps, &model);
      fitter.put(i, target_x);
      if (!fitted) continue;
      const Fit<Model> fit = fitter.optimise_by_all(model, {1, 1});
      if (fit.support.score <= best.support.score) continue;
      gained |= fit.support.score > best.support.score + best.support.score / 128;
      best = fit;
    }
  }
  return best;
}

// What the search has found, by all matches. Many inliers are left to the polish.
template <class Fitter, class Model>
FASTDCT_HD Fit<Model> refine(const Fitter& fitter, const Fit<Model>& found) {
  if (found.support.score == 0) return found;
  Fit<Model> best = found;
  if (fitter.compared().size < fitter.matches().size) best.support = fitter.support_of_all(found.model);
  if (best.support.num_inliers > kFewInliers) return best;
  best = without_each(fitter, fitter.optimise_by_all(best.model, {1, 1}));
  best.num_iterations = found.num_iterations;
  return best;
}

}  // namespace fastdct::ransac
