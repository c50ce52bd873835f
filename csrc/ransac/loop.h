// The RANSAC loop: take hypotheses in their order, optimise those that score about as well as the best
// before, stop when enough were drawn. It knows no geometry, no vectors and no threads. A Source has
//   using Model;
//   bool next(int32_t limit, int64_t floor, Hypothesis<Model>*);  the next one of index < limit and score >
//   floor Fit<Model> optimise(const Hypothesis<Model>&);                at least as good a fit double
//   sample_probability(const Fit<Model>&) const;           that a drawn sample holds inliers only
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
struct Hypothesis {
  Model model;
  std::int64_t score;
  std::int32_t index;  // how many were drawn before it
};

template <class Model>
struct Fit {
  Model model;
  Support support;              // score 0: nothing was found
  std::int32_t num_iterations;  // hypotheses drawn
};

// Probability that `size` different matches drawn from num_matches are all among the num_inliers, exactly:
// C(I, size) / C(N, size). The usual (I/N)^size is drawing with replacement; it is too large, and stops too
// early, most where inliers are few (arXiv 2503.07829).
FASTDCT_HD double sample_probability(int size, std::int32_t num_inliers, std::int32_t num_matches) {
  double probability = 1;
  for (int k = 0; k < size; ++k) {
    if (num_inliers <= k) return 0;
    probability *= static_cast<double>(num_inliers - k) / (num_matches - k);
  }
  return probability;
}

// Fewest draws k with 1 - (1 - probability)^k >= confidence, at most `limit`.
FASTDCT_HD std::int32_t required_iterations(double probability, double confidence, std::int32_t limit) {
  if (probability >= 1) return 1 < limit ? 1 : limit;
  if (probability <= 0) return limit;
  const double draws = std::ceil(std::log1p(-confidence) / std::log1p(-probability));
  return draws < limit ? static_cast<std::int32_t>(draws) : limit;
}

// Hypotheses are compared before they are optimised, like with like, and not only a new best one is
// optimised: where inliers are few, chance puts a sample of true ones behind others by a little (with 5 %
// inliers, success rises from .977 to .986), but by no more than three inliers. Optimising doubles a score at
// most, about: less than 2/5 of the best fit's is hopeless.
FASTDCT_HD std::int64_t worth_optimising(std::int64_t best_hypothesis, std::int64_t best_fit) {
  const std::int64_t fifth = best_hypothesis / 5, three = 3 * kScoreOne;
  const std::int64_t like = best_hypothesis - (fifth < three ? fifth : three), hope = 2 * (best_fit / 5);
  return like > hope ? like : hope;
}

// How far the search of one pair has come: what decides which hypotheses are taken, in their order.
template <class Model>
class Progress {
 public:
  // `known` is what was found before, which may be nothing, and the probability of a sample of its inliers.
  FASTDCT_HD void start(const Budget& budget, const Fit<Model>& known, double probability) {
    best_ = known;
    best_score_ = 0;
    confidence_ = budget.confidence;
    limit_ = required_iterations(probability, confidence_, budget.max_iterations);
  }

  // The next hypothesis to be taken is the first of index < limit and score > floor.
  FASTDCT_HD std::int32_t limit() const { return limit_; }
  FASTDCT_HD std::int64_t floor() const { return worth_optimising(best_score_, best_.support.score); }

  // Takes a hypothesis and what optimising made of it; whether that is the best. Ties go to the earlier one.
  FASTDCT_HD bool take(const Hypothesis<Model>& hypothesis, const Fit<Model>& fit) {
    if (hypothesis.score > best_score_) best_score_ = hypothesis.score;
    if (fit.support.score <= best_.support.score) return false;
    best_ = fit;
    return true;
  }

  // After a best one at `index`: of the probability of a sample of its inliers.
  FASTDCT_HD void stop_by(double probability, std::int32_t index) {
    limit_ = required_iterations(probability, confidence_, limit_);
    if (limit_ <= index) limit_ = index + 1;
  }

  FASTDCT_HD Fit<Model> result() const {
    Fit<Model> fit = best_;
    fit.num_iterations = limit_;
    return fit;
  }

 private:
  Fit<Model> best_;
  std::int64_t best_score_;  // of a hypothesis
  double confidence_;
  std::int32_t limit_;
};

// Starts from `known`, what was found before, which may be nothing.
template <class Source>
FASTDCT_HD Fit<typename Source::Model> search(Source* source, const Budget& budget,
                                              const Fit<typename Source::Model>& known = {}) {
  Progress<typename Source::Model> progress;
  progress.start(budget, known, source->sample_probability(known));
  Hypothesis<typename Source::Model> found;
  while (source->next(progress.limit(), progress.floor(), &found)) {
    const Fit<typename Source::Model> fit = source->optimise(found);
    if (progress.take(found, fit)) progress.stop_by(source->sample_probability(fit), found.index);
  }
  return progress.result();
}

}  // namespace fastdct::ransac
