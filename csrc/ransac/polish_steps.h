// The polish (polish_lanes.h) by a group of threads, bit by bit the same.
#pragma once
#include <cstdint>

#include "ransac/group.h"
#include "ransac/matches.h"
#include "ransac/pixels.h"
#include "ransac/score.h"

namespace fastdct::ransac {

constexpr int kMaxPolishRounds = 8;

template <class Estimator>
struct PolishRound {
  Matrix matrix;
  Support support;
  double sums[Estimator::kNumSums];
};

template <class Estimator>
FASTDCT_HD bool is_inlier(const Estimator& estimator, const Matrix& matrix, const Match<double>& match,
                          double squared_bound, double* squared) {
  *squared = squared_error(estimator, matrix, match);
  return *squared <= squared_bound;  // NaN is an outlier
}

template <class Estimator, class Group>
FASTDCT_HD void judge(const Group& group, const Estimator& estimator, const Matches& matches,
                      const Match<double>& centre, double squared_bound,
                      const Model<double, Estimator::kModelSize>& model, PolishRound<Estimator>* round) {
  round->matrix = in_pixels(model, centre);
  const auto inlier = [&](std::int32_t i, double* squared) {
    return is_inlier(estimator, round->matrix, matches[i], squared_bound, squared);
  };
  const double steps = score_steps(squared_bound);
  std::int64_t total[2];
  group.count(
      matches.size,
      [&](std::int32_t i, std::int64_t (&sum)[2]) {
        double squared;
        if (!inlier(i, &squared)) return;
        sum[0] += static_cast<std::int64_t>(static_cast<double>(kScoreOne) - squared * steps);
        ++sum[1];
      },
      total);
  round->support = {total[0], static_cast<std::int32_t>(total[1])};
  group.sum(
      matches.size,
      [&](std::int32_t i, double (&sum)[Estimator::kNumSums]) {
        double squared;
        if (!inlier(i, &squared)) return;
        const Match<double> m = matches[i];
        estimator.add(model, Match<double>{m.x - centre.x, m.y - centre.y, m.u - centre.u, m.v - centre.v},
                      1.0, sum);
      },
      round->sums);
}

template <class Estimator, class Group>
FASTDCT_HD PolishRound<Estimator> polish(const Group& group, const Estimator& estimator,
                                         const Matches& matches, const Frame& frame, double max_error,
                                         const Model<float, Estimator::kModelSize>& found) {
  const double squared_bound = max_error * max_error;
  Model<double, Estimator::kModelSize> model = unscaled(found, frame.scale), refitted;
  PolishRound<Estimator> best, round;
  judge(group, estimator, matches, frame.centre, squared_bound, model, &best);
  for (int i = 0; i < kMaxPolishRounds; ++i) {
    if (best.support.num_inliers < Estimator::kSampleSize || !estimator.refit(best.sums, model, &refitted))
      break;
    judge(group, estimator, matches, frame.centre, squared_bound, refitted, &round);
    if (round.support.score < best.support.score) break;
    bool same = true;  // equal sums lead to the same model once more, without looking
    for (int k = 0; k < Estimator::kNumSums; ++k) same = same && round.sums[k] == best.sums[k];
    const bool settled = round.support.score == best.support.score || same;
    best = round;
    model = refitted;
    if (settled) break;
  }
  return best;
}

}  // namespace fastdct::ransac
