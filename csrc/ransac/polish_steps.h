// The polish (polish_lanes.h) by a group of threads, bit by bit the same.
#pragma once
#include <cstdint>

#include "ransac/group.h"
#include "ransac/matches.h"
#include "ransac/pixels.h"
#include "ransac/score.h"
#include "ransac/steps.h"

namespace fastdct::ransac {

constexpr int kMaxPolishRounds = 8;

template <class Estimator>
FASTDCT_HD bool is_inlier(const Estimator& estimator, const Matrix& matrix, const Match<double>& match,
                          double squared_bound, double* squared) {
  *squared = squared_error(estimator, matrix, match);
  return *squared <= squared_bound;  // NaN is an outlier
}

template <class Estimator>
struct PolishRound {
  Matrix matrix;
  Support support;
  double
      sums[Estimator::kNumSums > 0 ? Estimator::kNumSums : 1];  // of the inliers, for the next least squares
};

// What is polished, and how.
template <class Estimator, class Group>
class Polish {
 public:
  using Model = ransac::Model<double, Estimator::kModelSize>;
  using Round = PolishRound<Estimator>;

  FASTDCT_HD Polish(const Group& group, const Estimator& estimator, const Matches& matches,
                    const Frame& frame, double max_error)
      : group_(group),
        estimator_(estimator),
        matches_(matches),
        frame_(frame),
        squared_bound_(max_error * max_error) {}

  FASTDCT_HD Round run(const ransac::Model<float, Estimator::kModelSize>& found) const {
    Model model = unscaled(found, frame_.scale), refitted;
    Round best, round;
    judge(model, &best);
    for (int i = 0; i < kMaxPolishRounds; ++i) {
      if (best.support.num_inliers < Estimator::kSampleSize || !refit(best, model, &refitted)) break;
      judge(refitted, &round);
      if (round.support.score < best.support.score) break;
      const bool settled = round.support.score == best.support.score || same_sums(round, best);
      best = round;
      model = refitted;
      if (settled) break;
    }
    return best;
  }

 private:
  // The inliers of a matrix (fundamental.h), from the centres.
  struct Inliers {
    const Polish& polish;
    const Matrix& matrix;
    std::int32_t size;

    FASTDCT_HD std::int32_t next(std::int32_t i) const {
      double squared;
      while (i < size && !polish.is_inlier(matrix, i, &squared)) ++i;
      return i;
    }
    FASTDCT_HD Match<double> match(std::int32_t i) const { return polish.centred(i); }
    FASTDCT_HD double weight(std::int32_t) const { return 1; }
  };

  FASTDCT_HD bool is_inlier(const Matrix& matrix, std::int32_t i, double* squared) const {
    return ransac::is_inlier(estimator_, matrix, matches_[i], squared_bound_, squared);
  }

  FASTDCT_HD Match<double> centred(std::int32_t i) const {
    const Match<double> m = matches_[i];
    const Match<double>& c = frame_.centre;
    return {m.x - c.x, m.y - c.y, m.u - c.u, m.v - c.v};
  }

  // Equal sums lead to the same model once more, without looking.
  FASTDCT_HD static bool same_sums(const Round& a, const Round& b) {
    bool same = Estimator::kNumSums > 0;
    for (int k = 0; k < Estimator::kNumSums; ++k) same = same && a.sums[k] == b.sums[k];
    return same;
  }

  FASTDCT_HD bool refit(const Round& round, const Model& from, Model* to) const {
    if constexpr (Estimator::kNumSums > 0) {
      return estimator_.refit(round.sums, from, to);
    } else {
      return refit_by_one(group_, estimator_, Inliers{*this, round.matrix, matches_.size}, to);
    }
  }

  FASTDCT_HD void judge(const Model& model, Round* round) const {
    round->matrix = in_pixels(model, frame_.centre);
    const double steps = score_steps(squared_bound_);
    std::int64_t total[2];
    group_.count(
        matches_.size,
        [&](std::int32_t i, std::int64_t (&sum)[2]) {
          double squared;
          if (!is_inlier(round->matrix, i, &squared)) return;
          sum[0] += static_cast<std::int64_t>(static_cast<double>(kScoreOne) - squared * steps);
          ++sum[1];
        },
        total);
    round->support = {total[0], static_cast<std::int32_t>(total[1])};
    if constexpr (Estimator::kNumSums > 0) sum_inliers(model, round);
  }

  FASTDCT_HD void sum_inliers(const Model& model, Round* round) const {
    group_.sum(
        matches_.size,
        [&](std::int32_t i, double (&sum)[Estimator::kNumSums]) {
          double squared;
          if (is_inlier(round->matrix, i, &squared)) estimator_.add(model, centred(i), 1.0, sum);
        },
        round->sums);
  }

  Group group_;
  Estimator estimator_;
  Matches matches_;
  Frame frame_;
  double squared_bound_;
};

}  // namespace fastdct::ransac
