// The steps of the search and the polish for one hypothesis or one model, by a group of threads (group.h). A
// GPU runs these; on the CPU they are the test of what it would do, and agree bit by bit with the vector
// kernels.
#pragma once
#include <cstdint>

#include "ransac/estimators.h"
#include "ransac/group.h"
#include "ransac/loop.h"
#include "ransac/optimise.h"
#include "ransac/pixels.h"
#include "ransac/problem_view.h"
#include "ransac/sample.h"
#include "ransac/score.h"

namespace fastdct::ransac {

// Hypothesis `index` of uniform sampling; whether it is to be tried.
template <class Estimator>
FASTDCT_HD bool make_hypothesis(const Estimator& estimator, const Columns& ordered, std::uint64_t seed,
                                std::int32_t index, Model<float, Estimator::kModelSize>* model) {
  std::int32_t position[Estimator::kSampleSize];
  draw_sample<Estimator::kSampleSize>(seed, static_cast<std::uint32_t>(index), ordered.size, position);
  Match<float> sample[Estimator::kSampleSize];
  for (int k = 0; k < Estimator::kSampleSize; ++k) sample[k] = ordered[position[k]];
  return estimator.solve(sample, model) != 0;
}

template <class Estimator, class Group>
FASTDCT_HD Support support_of(const Group& group, const Estimator&, const Columns& matches,
                              const Model<float, Estimator::kModelSize>& model) {
  std::int64_t total[2];
  group.count(
      matches.size,
      [&](std::int32_t i, std::int64_t (&sum)[2]) {
        const float term = score_term(Estimator::squared_residual(model, matches[i]));
        sum[0] += without_floor(bits_of(term), 1);
        sum[1] += term > kTermFloor;
      },
      total);
  return {total[0], static_cast<std::int32_t>(total[1])};
}

template <class Estimator, class Group>
FASTDCT_HD bool refit(const Group& group, const Estimator& estimator, const Columns& matches, float radius,
                      Model<float, Estimator::kModelSize>* model) {
  constexpr int kSize = Estimator::kModelSize;
  const float inverse = 1 / (radius * radius);
  const Model<float, kSize> from = *model;
  float sums[Estimator::kNumSums];
  group.sum(
      matches.size,
      [&](std::int32_t i, float (&sum)[Estimator::kNumSums]) {
        const Match<float> match = matches[i];
        const float squared = Estimator::squared_residual(from, match);
        Estimator::add(from, match, weight_within(squared, inverse), sum);
      },
      sums);
  double total[Estimator::kNumSums];
  for (int k = 0; k < Estimator::kNumSums; ++k) total[k] = sums[k];
  Model<double, kSize> at, fitted;
  for (int k = 0; k < kSize; ++k) at[k] = from[k];
  if (!estimator.refit(total, at, &fitted)) return false;
  for (int k = 0; k < kSize; ++k) model->at[k] = static_cast<float>(fitted[k]);
  return true;
}

// Fitter of search_lanes.h, over columns that it may write to.
template <class Estimator, class Group>
class GroupFitter {
 public:
  using Model = ransac::Model<float, Estimator::kModelSize>;

  FASTDCT_HD GroupFitter(const Group& group, const Estimator& estimator, const Columns& matches)
      : group_(group),
        estimator_(estimator),
        matches_(matches),
        compared_(matches.first(num_compared<Estimator>(matches.size))) {}

  FASTDCT_HD const Columns& matches() const { return matches_; }
  FASTDCT_HD const Columns& compared() const { return compared_; }
  FASTDCT_HD Fit<Model> optimise(const Model& hypothesis, const Start& start) const {
    return optimise_over(compared_, hypothesis, start);
  }
  FASTDCT_HD Fit<Model> optimise_by_all(const Model& from, const Start& start) const {
    return optimise_over(matches_, from, start);
  }
  FASTDCT_HD bool refit_by_all(float radius, Model* model) const {
    return ransac::refit(group_, estimator_, matches_, radius, model);
  }
  FASTDCT_HD Support support_of_all(const Model& model) const {
    return support_of(group_, estimator_, matches_, model);
  }
  FASTDCT_HD std::int32_t next_inlier(const Model& model, std::int32_t first) const {
    std::int32_t i = first;
    while (i < matches_.size && !(score_term(Estimator::squared_residual(model, matches_[i])) > kTermFloor)) {
      ++i;
    }
    return i;
  }
  FASTDCT_HD void put(std::int32_t i, float target_x) const {
    group_.sync();
    matches_.column[2][i] = target_x;
    group_.sync();
  }

 private:
  FASTDCT_HD Fit<Model> optimise_over(const Columns& matches, const Model& from, const Start& start) const {
    const auto support = [&](const Model& model) { return support_of(group_, estimator_, matches, model); };
    const auto refit_within = [&](float radius, Model* model) {
      return ransac::refit(group_, estimator_, matches, radius, model);
    };
    return ransac::optimise(from, start, support, refit_within);
  }

  Group group_;
  Estimator estimator_;
  Columns matches_, compared_;
};

}  // namespace fastdct::ransac
