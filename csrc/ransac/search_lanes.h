// The search of one pair on one CPU core, over Lanes: hypotheses in lanes while they are made and scored,
// matches in lanes while one is optimised. Included once per instruction set.
#pragma once
#include <cstdint>

#include "common/lanes.h"
#include "ransac/loop.h"
#include "ransac/optimise.h"
#include "ransac/pending_lanes.h"
#include "ransac/problem_view.h"
#include "ransac/samplers_lanes.h"

namespace fastdct::ransac::FASTDCT_LANES {

// Scores and fits models over the matches of one pair, matches in lanes.
template <class Estimator>
class Fitter {
 public:
  using Model = ransac::Model<float, Estimator::kModelSize>;

  Fitter(const Estimator& estimator, const ProblemView& problem) : estimator_(estimator), problem_(problem) {}

  Fit<Model> optimise(const Model& hypothesis, const Start& start) const {
    return ransac::optimise(
        hypothesis, start, [this](const Model& model) { return support(model); },
        [this](float radius, Model* model) { return refit(*model, radius, model); });
  }

 private:
  static constexpr int kSize = Estimator::kModelSize;

  static ransac::Model<Lanes, kSize> in_all_lanes(const Model& m) {
    ransac::Model<Lanes, kSize> model;
    for (int k = 0; k < kSize; ++k) model[k] = Lanes(m[k]);
    return model;
  }

  Support support(const Model& m) const {
    const ransac::Model<Lanes, kSize> model = in_all_lanes(m);
    Support total{0, 0};
    const Columns& matches = problem_.matches;
    for (std::int32_t first = 0; first < matches.size; first += kMaxTermsInInt32) {
      const std::int32_t last =
          matches.size - first < kMaxTermsInInt32 ? matches.size : first + kMaxTermsInInt32;
      LaneInts sum(0);
      std::int32_t num_terms = 0;
      for (std::int32_t i = first; i < last; i += kLanes, ++num_terms) {
        const Lanes term = score_term(estimator_.squared_residual(model, load_matches(matches, i)));
        sum = sum + bits_of(term);
        total.num_inliers += __builtin_popcount(bits_of(term > Lanes(kTermFloor)));
      }
      total.score += sum_of(sum, num_terms);
    }
    return total;
  }

  static std::int64_t sum_of(LaneInts sum, std::int32_t num_terms) {
    std::int32_t bits[kLanes];
    sum.store(bits);
    std::int64_t total = 0;
    for (const std::int32_t lane : bits) total += without_floor(lane, num_terms);
    return total;
  }

  bool refit(const Model& from, float radius, Model* to) const {
    ransac::Model<double, kSize> fitted;
    if (!fit(from, 1 / (radius * radius), &fitted)) return false;
    for (int k = 0; k < kSize; ++k) to->at[k] = static_cast<float>(fitted[k]);
    return true;
  }

  bool fit(const Model& from, float inverse_squared_radius, ransac::Model<double, kSize>* fitted) const {
    const Columns& matches = problem_.matches;
    if constexpr (Estimator::kNumSums > 0) {
      const ransac::Model<Lanes, kSize> model = in_all_lanes(from);
      Lanes sums[Estimator::kNumSums];
      for (Lanes& sum : sums) sum = Lanes(0.0f);
      for (std::int32_t i = 0; i < matches.size; i += kLanes) {
        const Match<Lanes> match = load_matches(matches, i);
        const Lanes squared = estimator_.squared_residual(model, match);
        estimator_.add(model, match, weight_within(squared, Lanes(inverse_squared_radius)), sums);
      }
      double total[Estimator::kNumSums];
      for (int k = 0; k < Estimator::kNumSums; ++k) total[k] = sum_in_pairs(sums[k]);
      ransac::Model<double, kSize> at;
      for (int k = 0; k < kSize; ++k) at[k] = from[k];
      return estimator_.refit(total, at, fitted);
    } else {
      std::int32_t* near = problem_.indices;
      std::int32_t count = 0;
      for (std::int32_t i = 0; i < matches.size; ++i) {
        near[count] = i;
        count += estimator_.squared_residual(from, matches[i]) * inverse_squared_radius < 1;
      }
      const auto match_at = [&](std::int32_t i) {
        const Match<float> m = matches[near[i]];
        return Match<double>{m.x, m.y, m.u, m.v};
      };
      const auto weight_at = [&](std::int32_t i) {
        return weight_within(estimator_.squared_residual(from, matches[near[i]]), inverse_squared_radius);
      };
      return estimator_.refit(match_at, weight_at, count, fitted);
    }
  }

  Estimator estimator_;
  ProblemView problem_;
};

// Source of the loop (loop.h).
template <class Estimator, class Sampler>
class LanesSource {
 public:
  using Model = ransac::Model<float, Estimator::kModelSize>;

  LanesSource(const Estimator& estimator, const ProblemView& problem, const Sampler& sampler)
      : estimator_(estimator), problem_(problem), sampler_(sampler), fitter_(estimator, problem) {}

  FASTDCT_HD bool next(std::int32_t limit, std::int64_t floor, Hypothesis<Model>* found) {
    for (bool ended;;) {
      if (pending_.take(limit, floor, found, &ended)) return true;
      if (ended) return false;
      pending_.drop_scored();
      while (pending_.size() < kLanes && sampler_.num_drawn() < limit) sampler_.draw(estimator_, &pending_);
      if (pending_.size() == 0) return false;
      score_pending();
    }
  }

  Fit<Model> optimise(const Hypothesis<Model>& hypothesis) const {
    return fitter_.optimise(hypothesis.model, Sampler::kStart);
  }

  double sample_probability(const Fit<Model>& fit) const {
    return sampler_.sample_probability(fit.support.num_inliers);
  }

 private:
  void score_pending() {
    const auto model = pending_.unscored();
    const Columns& matches = problem_.matches;
    for (std::int32_t first = 0; first < matches.size; first += kMaxTermsInInt32) {
      const std::int32_t last =
          matches.size - first < kMaxTermsInInt32 ? matches.size : first + kMaxTermsInInt32;
      LaneInts sum(0);
      for (std::int32_t i = first; i < last; ++i) {
        const Match<Lanes> match{Lanes(matches.column[0][i]), Lanes(matches.column[1][i]),
                                 Lanes(matches.column[2][i]), Lanes(matches.column[3][i])};
        Lanes squared = estimator_.squared_residual(model, match);
        if constexpr (Sampler::kSlack != 1)
          squared = squared * Lanes(1 / (Sampler::kSlack * Sampler::kSlack));
        sum = sum + bits_of(score_term(squared));
      }
      pending_.add_scores(sum, last - first);
    }
  }

  Estimator estimator_;
  ProblemView problem_;
  Sampler sampler_;
  Fitter<Estimator> fitter_;
  Pending<Estimator::kModelSize, Sampler::kMaxAdded> pending_;
};

}  // namespace fastdct::ransac::FASTDCT_LANES
