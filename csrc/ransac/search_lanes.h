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

  Fitter(const Estimator& estimator, const ProblemView& problem)
      : estimator_(estimator),
        problem_(problem),
        compared_(problem.matches.first(num_compared<Estimator>(problem.matches.size))) {}

  // The matches that hypotheses are compared by.
  const Columns& compared() const { return compared_; }

  // By the matches compared, as is the support.
  Fit<Model> optimise(const Model& hypothesis, const Start& start) const {
    return optimise_over(compared_, hypothesis, start);
  }

  // By all matches, what the search has found.
  Fit<Model> refine(const Fit<Model>& found) const { return ransac::refine(*this, found); }

  Fit<Model> optimise_by_all(const Model& from, const Start& start) const {
    return optimise_over(problem_.matches, from, start);
  }
  bool refit_by_all(float radius, Model* model) const {
    return refit(problem_.matches, *model, radius, model);
  }
  Support support_of_all(const Model& model) const { return support(problem_.matches, model); }
  const Columns& matches() const { return problem_.matches; }

  // Moves the target of a match.
  void put(std::int32_t i, float target_x) const { problem_.matches.column[2][i] = target_x; }

  // The first inlier from `first` on, or the number of matches.
  std::int32_t next_inlier(const Model& m, std::int32_t first) const {
    const ransac::Model<Lanes, kSize> model = in_all_lanes(m);
    const Columns& matches = problem_.matches;
    for (std::int32_t i = first; i < matches.size; i += kLanes) {
      const Lanes term = score_term(squared_residual(model, load_matches(matches, i), matches.size - i));
      const unsigned inliers = bits_of(term > Lanes(kTermFloor));
      if (inliers != 0) return i + __builtin_ctz(inliers);
    }
    return matches.size;
  }

 private:
  static constexpr int kSize = Estimator::kModelSize;

  static ransac::Model<Lanes, kSize> in_all_lanes(const Model& m) {
    ransac::Model<Lanes, kSize> model;
    for (int k = 0; k < kSize; ++k) model[k] = Lanes(m[k]);
    return model;
  }

  // Of the first num_present lanes; the others are no inliers.
  Lanes squared_residual(const ransac::Model<Lanes, kSize>& model, const Match<Lanes>& match,
                         std::int32_t num_present) const {
    const Lanes squared = estimator_.squared_residual(model, match);
    return num_present >= kLanes ? squared : select(first_lanes(num_present), squared, Lanes(1e30f));
  }

  Fit<Model> optimise_over(const Columns& matches, const Model& hypothesis, const Start& start) const {
    return ransac::optimise(
        hypothesis, start, [&](const Model& model) { return support(matches, model); },
        [&](float radius, Model* model) { return refit(matches, *model, radius, model); });
  }

  Support support(const Columns& matches, const Model& m) const {
    const ransac::Model<Lanes, kSize> model = in_all_lanes(m);
    Support total{0, 0};
    for (std::int32_t first = 0; first < matches.size; first += kMaxTermsInInt32) {
      const std::int32_t last =
          matches.size - first < kMaxTermsInInt32 ? matches.size : first + kMaxTermsInInt32;
      LaneInts sum(0);
      std::int32_t num_terms = 0;
      for (std::int32_t i = first; i < last; i += kLanes, ++num_terms) {
        const Lanes term = score_term(squared_residual(model, load_matches(matches, i), matches.size - i));
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

  // Matches listed (fundamental.h).
  struct Near {
    const Columns& matches;
    const std::int32_t* listed;
    std::int32_t size;
    const Model& from;
    float inverse_squared_radius;

    std::int32_t next(std::int32_t k) const { return k; }
    Match<double> match(std::int32_t k) const {
      const Match<float> m = matches[listed[k]];
      return {m.x, m.y, m.u, m.v};
    }
    double weight(std::int32_t k) const {
      return weight_within(Estimator::squared_residual(from, matches[listed[k]]), inverse_squared_radius);
    }
  };

  bool refit(const Columns& matches, const Model& from, float radius, Model* to) const {
    ransac::Model<double, kSize> fitted;
    if (!fit(matches, from, 1 / (radius * radius), &fitted)) return false;
    for (int k = 0; k < kSize; ++k) to->at[k] = static_cast<float>(fitted[k]);
    return true;
  }

  bool fit(const Columns& matches, const Model& from, float inverse_squared_radius,
           ransac::Model<double, kSize>* fitted) const {
    if constexpr (Estimator::kNumSums > 0) {
      const ransac::Model<Lanes, kSize> model = in_all_lanes(from);
      Lanes sums[Estimator::kNumSums];
      for (Lanes& sum : sums) sum = Lanes(0.0f);
      for (std::int32_t i = 0; i < matches.size; i += kLanes) {
        const Match<Lanes> match = load_matches(matches, i);
        const Lanes squared = squared_residual(model, match, matches.size - i);
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
      return estimator_.refit(Near{matches, near, count, from, inverse_squared_radius}, fitted);
    }
  }

  Estimator estimator_;
  ProblemView problem_;
  Columns compared_;
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
    return sampler_.sample_probability(fit.support.num_inliers, fitter_.compared().size);
  }

 private:
  void score_pending() {
    const auto model = pending_.unscored();
    const Columns& matches = fitter_.compared();
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
