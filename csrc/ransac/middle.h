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
  constexpr std::int32_t kSamples = 15;
  double sample[kSamples];  // rising
  const std::int32_t step = size < kSamples ? 1 : size / kSamples;
  std::int32_t count = 0;
  for (std::int32_t i = 0; i < size && count < kSamples; i += step) {
    const double value = coordinates[2 * static_cast<std::int64_t>(i)];
    if (!(std::fabs(value) < HUGE_VAL)) continue;
    std::int32_t place = count++;
    for (; place > 0 && sample[place - 1] > value; --place) sample[place] = sample[place - 1];
    sample[place] = value;
  }
  return count == 0 ? 0 : sample[count / 2];
}

}  // namespace fastdct::ransac
