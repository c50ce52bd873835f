// Local optimisation of one hypothesis, whoever sums over the matches.
#pragma once
#include "common/real.h"
#include "ransac/loop.h"
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

}  // namespace fastdct::ransac
