// From the search's float32 model to the one returned, in float64 and in pixels: whoever recounts the inliers
// of the returned model in float64 finds exactly the returned ones.
#pragma once
#include <cstdint>

#include "ransac/matches.h"
#include "ransac/pixels.h"
#include "ransac/score.h"

namespace fastdct::ransac {

template <class Estimator>
class Polisher {
 public:
  using Model = ransac::Model<double, Estimator::kModelSize>;

  // What a model in pixels from the centres comes to. `inlier` [matches.size + 1] holds the inliers' indices,
  // rising.
  struct Result {
    Matrix matrix;
    Support support;
  };

  Polisher(const Estimator& estimator, const Matches& matches, const Match<double>& centre, double max_error)
      : estimator_(estimator), matches_(matches), centre_(centre), squared_bound_(max_error * max_error) {}

  // Least squares on the inliers while that does not lower the score. An equal score is taken, once: many
  // matches pin a model down better than few.
  Result polish(Model model, std::int32_t* inlier) const {
    Result best = judge(model, inlier);
    for (int i = 0; i < kMaxRefits; ++i) {
      Model refitted;
      if (!refit(model, best.support.num_inliers, inlier, &refitted)) break;
      const Result result = judge(refitted, inlier);
      if (result.support.score < best.support.score) {
        find_inliers(best.matrix, inlier);
        break;
      }
      const bool settled = result.support.score == best.support.score;
      best = result;
      model = refitted;
      if (settled) break;
    }
    return best;
  }

 private:
  // Least squares changes the inlier set, which changes the least squares: it settles in two or three rounds.
  static constexpr int kMaxRefits = 8;

  // Without a branch, since which are inliers is not predictable.
  std::int32_t find_inliers(const Matrix& matrix, std::int32_t* inlier) const {
    std::int32_t count = 0;
    for (std::int32_t i = 0; i < matches_.size; ++i) {
      inlier[count] = i;
      count += squared_error(estimator_, matrix, matches_[i]) <= squared_bound_;  // NaN is an outlier
    }
    return count;
  }

  Result judge(const Model& model, std::int32_t* inlier) const {
    Result result{in_pixels(model, centre_), {0, 0}};
    result.support.num_inliers = find_inliers(result.matrix, inlier);
    for (std::int32_t k = 0; k < result.support.num_inliers; ++k) {
      const double squared = squared_error(estimator_, result.matrix, matches_[inlier[k]]);
      result.support.score +=
          static_cast<std::int32_t>((1 - squared / squared_bound_) * static_cast<double>(kScoreOne));
    }
    return result;
  }

  Match<double> centred(std::int32_t i) const {
    const Match<double> m = matches_[i];
    return {m.x - centre_.x, m.y - centre_.y, m.u - centre_.u, m.v - centre_.v};
  }

  bool refit(const Model& from, std::int32_t num_inliers, const std::int32_t* inlier, Model* to) const {
    if (num_inliers < Estimator::kSampleSize) return false;
    if constexpr (Estimator::kNumSums > 0) {
      double sums[Estimator::kNumSums] = {};
      for (std::int32_t k = 0; k < num_inliers; ++k) estimator_.add(from, centred(inlier[k]), 1.0, sums);
      return estimator_.refit(sums, from, to);
    } else {
      const auto match_at = [&](std::int32_t k) { return centred(inlier[k]); };
      const auto weight_at = [](std::int32_t) { return 1.0; };
      return estimator_.refit(match_at, weight_at, num_inliers, to);
    }
  }

  Estimator estimator_;
  Matches matches_;
  Match<double> centre_;
  double squared_bound_;
};

}  // namespace fastdct::ransac
