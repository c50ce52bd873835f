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
#include "ransac/score.h"

namespace fastdct::ransac {

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

// By what a hypothesis is compared: the errors count inverse_squared_slack of their square.
template <class Estimator, class Group>
FASTDCT_HD std::int64_t score_of(const Group& group, const Estimator&, const Columns& matches,
                                 const Model<float, Estimator::kModelSize>& model,
                                 float inverse_squared_slack) {
  std::int64_t total[1];
  group.count(
      matches.size,
      [&](std::int32_t i, std::int64_t (&sum)[1]) {
        const float squared = Estimator::squared_residual(model, matches[i]) * inverse_squared_slack;
        sum[0] += without_floor(bits_of(score_term(squared)), 1);
      },
      total);
  return total[0];
}

// The matches near a model (fundamental.h).
template <class Estimator>
struct Near {
  const Columns& matches;
  const Model<float, Estimator::kModelSize>& from;
  float inverse_squared_radius;
  std::int32_t size;

  FASTDCT_HD float squared(std::int32_t i) const { return Estimator::squared_residual(from, matches[i]); }
  FASTDCT_HD std::int32_t next(std::int32_t i) const {
    while (i < size && !(squared(i) * inverse_squared_radius < 1)) ++i;
    return i;
  }
  FASTDCT_HD Match<double> match(std::int32_t i) const {
    const Match<float> m = matches[i];
    return {m.x, m.y, m.u, m.v};
  }
  FASTDCT_HD double weight(std::int32_t i) const { return weight_within(squared(i), inverse_squared_radius); }
};

// Least squares whose order of summing is part of the result: one thread does them.
template <class Estimator, class Group, class Some>
FASTDCT_HD bool refit_by_one(const Group& group, const Estimator& estimator, const Some& some,
                             Model<double, Estimator::kModelSize>* fitted) {
  bool found = group.leads() && estimator.refit(some, fitted);
  group.share(fitted->at, &found);
  return found;
}

template <class Estimator, class Group>
FASTDCT_HD bool refit_by_sums(const Group& group, const Estimator& estimator, const Columns& matches,
                              const Model<float, Estimator::kModelSize>& from, float inverse_squared_radius,
                              Model<double, Estimator::kModelSize>* fitted) {
  float sums[Estimator::kNumSums];
  group.sum(
      matches.size,
      [&](std::int32_t i, float (&sum)[Estimator::kNumSums]) {
        const Match<float> match = matches[i];
        const float squared = Estimator::squared_residual(from, match);
        Estimator::add(from, match, weight_within(squared, inverse_squared_radius), sum);
      },
      sums);
  double total[Estimator::kNumSums];
  for (int k = 0; k < Estimator::kNumSums; ++k) total[k] = sums[k];
  Model<double, Estimator::kModelSize> at;
  for (int k = 0; k < Estimator::kModelSize; ++k) at[k] = from[k];
  return estimator.refit(total, at, fitted);
}

template <class Estimator, class Group>
FASTDCT_HD bool refit(const Group& group, const Estimator& estimator, const Columns& matches, float radius,
                      Model<float, Estimator::kModelSize>* model) {
  const float inverse = 1 / (radius * radius);
  Model<double, Estimator::kModelSize> fitted;
  bool found;
  if constexpr (Estimator::kNumSums > 0) {
    found = refit_by_sums(group, estimator, matches, *model, inverse, &fitted);
  } else {
    found = refit_by_one(group, estimator, Near<Estimator>{matches, *model, inverse, matches.size}, &fitted);
  }
  if (!found) return false;
  for (int k = 0; k < Estimator::kModelSize; ++k) model->at[k] = static_cast<float>(fitted[k]);
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
