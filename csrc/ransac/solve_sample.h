// The hypotheses that one sample makes.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "ransac/matches.h"
#include "ransac/model.h"

namespace fastdct::ransac {

// Of the matches at these positions; how many are to be tried, up to kModelsPerSample.
template <class Estimator>
FASTDCT_HD int solve_sample(const Estimator& estimator, const Columns& from, const std::int32_t* position,
                            Model<float, Estimator::kModelSize>* models) {
  constexpr int kSize = Estimator::kSampleSize;
  if constexpr (Estimator::kModelsPerSample == 1) {
    Match<float> sample[kSize];
    for (int k = 0; k < kSize; ++k) sample[k] = from[position[k]];
    return estimator.solve(sample, models) ? 1 : 0;
  } else {
    Match<double> sample[kSize];
    for (int k = 0; k < kSize; ++k) {
      const Match<float> match = from[position[k]];
      sample[k] = {match.x, match.y, match.u, match.v};
    }
    Model<double, Estimator::kModelSize> solved[Estimator::kModelsPerSample];
    const int count = Estimator::solve_all(sample, solved);
    for (int i = 0; i < count; ++i) {
      for (int k = 0; k < Estimator::kModelSize; ++k) models[i][k] = static_cast<float>(solved[i][k]);
    }
    return count;
  }
}

}  // namespace fastdct::ransac
