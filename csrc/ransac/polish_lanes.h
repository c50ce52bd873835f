// From the search's float32 model to the one returned, in float64 and in pixels: whoever recounts the inliers
// of the returned model in float64 finds exactly the returned ones. Included once per instruction set.
#pragma once
#include <cstdint>

#include "common/double_lanes.h"
#include "ransac/loop.h"
#include "ransac/pixels.h"
#include "ransac/polished.h"
#include "ransac/score.h"

namespace fastdct::ransac::FASTDCT_LANES {

using namespace fastdct::FASTDCT_LANES;

template <class Estimator>
class Polisher {
 public:
  using Model = ransac::Model<double, Estimator::kModelSize>;

  Polisher(const Estimator& estimator, const PolishTask& task)
      : estimator_(estimator), task_(task), squared_bound_(task.max_error * task.max_error) {}

  // Least squares on the inliers while that does not lower the score. An equal score is taken, once: many
  // matches pin a model down better than few.
  Polished polish(const ransac::Model<float, Estimator::kModelSize>& found) const {
    Model model = unscaled(found, task_.frame.scale);
    Round best = judge(model, task_.inlier[0]);
    for (int i = 0; i < kMaxRefits; ++i) {
      Model refitted;
      if (!refit(model, best, &refitted)) break;
      const Round round = judge(refitted, task_.inlier[best.inlier == task_.inlier[0]]);
      if (round.support.score < best.support.score) break;
      // Equal sums lead to the same model once more, without looking.
      const bool settled = round.support.score == best.support.score || same_sums(round, best);
      best = round;
      model = refitted;
      if (settled) break;
    }
    return {best.matrix, best.support, best.inlier};
  }

 private:
  // Least squares changes the inlier set, which changes the least squares: it settles in two or three rounds.
  static constexpr int kMaxRefits = 8;
  static constexpr int kNumSums = Estimator::kNumSums > 0 ? Estimator::kNumSums : 1;

  struct Round {
    Matrix matrix;
    Support support;
    double sums[kNumSums];  // of the inliers, for the next least squares
    const std::uint8_t* inlier;
  };

  static bool same_sums(const Round& a, const Round& b) {
    bool same = Estimator::kNumSums > 0;
    for (int k = 0; k < Estimator::kNumSums; ++k) same = same && a.sums[k] == b.sums[k];
    return same;
  }

  // Eight matches; of the last ones, which may be fewer, some are repeated, and `present` says which are
  // there.
  Match<DoubleLanes> load(std::int32_t first, DoubleLanes::Mask* present) const {
    const Matches& all = task_.matches;
    const std::int64_t at = 2 * std::int64_t{first};
    *present = ~DoubleLanes::Mask{};
    Match<DoubleLanes> match;
    if (first + kDoubleLanes <= all.size) {
      load_pairs(all.source + at, &match.x, &match.y);
      load_pairs(all.target + at, &match.u, &match.v);
      return match;
    }
    for (int i = 0; i < kDoubleLanes; ++i) {
      const bool there = first + i < all.size;
      const Match<double> one = all[there ? first + i : first];
      match.x.v[i] = one.x, match.y.v[i] = one.y, match.u.v[i] = one.u, match.v.v[i] = one.v;
      (*present)[i] = there ? -1 : 0;
    }
    return match;
  }

  static ransac::Model<DoubleLanes, 9> in_all_lanes(const Matrix& m) {
    ransac::Model<DoubleLanes, 9> matrix;
    for (int k = 0; k < 9; ++k) matrix[k] = DoubleLanes(m[k]);
    return matrix;
  }

  // NaN is an outlier.
  DoubleLanes::Mask inliers(const DoubleLanes& squared) const {
    return squared <= DoubleLanes(squared_bound_);
  }

  Round judge(const Model& model, std::uint8_t* inlier) const {
    Round round{in_pixels(model, task_.frame.centre), {0, 0}, {}, inlier};
    const ransac::Model<DoubleLanes, 9> matrix = in_all_lanes(round.matrix);
    ransac::Model<DoubleLanes, Estimator::kModelSize> from;
    for (int k = 0; k < Estimator::kModelSize; ++k) from[k] = DoubleLanes(model[k]);
    const Match<double>& c = task_.frame.centre;
    const Match<DoubleLanes> centre{DoubleLanes(c.x), DoubleLanes(c.y), DoubleLanes(c.u), DoubleLanes(c.v)};
    const DoubleLanes zero(0.0), top(static_cast<double>(kScoreOne));
    const DoubleLanes steps(score_steps(squared_bound_));
    DoubleLanes sums[kNumSums];
    for (DoubleLanes& sum : sums) sum = zero;
    DoubleLanes::Mask score{}, count{};
    for (std::int32_t i = 0; i < task_.matches.size; i += kDoubleLanes) {
      DoubleLanes::Mask present;
      const Match<DoubleLanes> match = load(i, &present);
      const DoubleLanes squared = squared_error(estimator_, matrix, match);
      const DoubleLanes::Mask in = inliers(squared) & present;
      count -= in;
      store_bytes(in, inlier + i);
      const DoubleLanes term = select(in, top - squared * steps, zero);
      score += __builtin_convertvector(term.v, DoubleLanes::Mask);
      if constexpr (Estimator::kNumSums > 0) {
        // Zeros instead of outliers: what these hold may not be finite.
        const Match<DoubleLanes> moved{
            select(in, match.x - centre.x, zero), select(in, match.y - centre.y, zero),
            select(in, match.u - centre.u, zero), select(in, match.v - centre.v, zero)};
        estimator_.add(from, moved, select(in, DoubleLanes(1.0), zero), sums);
      }
    }
    for (int i = 0; i < kDoubleLanes; ++i) {
      round.support.score += score[i];
      round.support.num_inliers += static_cast<std::int32_t>(count[i]);
    }
    for (int k = 0; k < Estimator::kNumSums; ++k) round.sums[k] = sum_in_order(sums[k]);
    return round;
  }

  // Those listed (fundamental.h), from the centres.
  struct Inliers {
    const PolishTask& task;
    std::int32_t size;

    std::int32_t next(std::int32_t k) const { return k; }
    Match<double> match(std::int32_t k) const {
      const Match<double> m = task.matches[task.index[k]];
      const Match<double>& c = task.frame.centre;
      return {m.x - c.x, m.y - c.y, m.u - c.u, m.v - c.v};
    }
    static double weight(std::int32_t) { return 1; }
  };

  bool refit(const Model& from, const Round& round, Model* to) const {
    if (round.support.num_inliers < Estimator::kSampleSize) return false;
    if constexpr (Estimator::kNumSums > 0) {
      return estimator_.refit(round.sums, from, to);
    } else {
      list_inliers(round.inlier, task_.matches.size, task_.index);
      return estimator_.refit(Inliers{task_, round.support.num_inliers}, to);
    }
  }

  Estimator estimator_;
  PolishTask task_;
  double squared_bound_;
};

}  // namespace fastdct::ransac::FASTDCT_LANES
