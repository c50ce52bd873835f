// Where search coordinates begin.
#pragma once
#include <cmath>
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::ransac {

// The middle of a few finite values among every second of `coordinates`: near the keypoints, which is all
// that float32 needs, however wild some of the matches are. A mean is not, and the median of all takes as
// long as the rest of the preparation.
FASTDCT_HD double middle(const double* coordinates, std::int32_t size) {
  constexpr std::int32_t kSamples = 9;
  double sample[kSamples];  // rising, infinity standing for what is missing
  for (double& value : sample) value = HUGE_VAL;
  const std::int32_t step = size < kSamples ? 1 : size / kSamples;
  std::int32_t count = 0;
  for (std::int32_t i = 0, drawn = 0; i < size && drawn < kSamples; i += step, ++drawn) {
    double value = coordinates[2 * static_cast<std::int64_t>(i)];
    const bool finite = std::fabs(value) < HUGE_VAL;
    value = finite ? value : HUGE_VAL;
    count += finite;
    // Sorted in without branches, which would be mispredicted.
    for (std::int32_t k = 0; k <= drawn; ++k) {
      const double low = value < sample[k] ? value : sample[k];
      value = value < sample[k] ? sample[k] : value;
      sample[k] = low;
    }
  }
  return count == 0 ? 0 : sample[count / 2];
}

}  // namespace fastdct::ransac
