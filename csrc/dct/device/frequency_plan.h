// Makes the jobs of frequency_planes.h on the host.
#pragma once
#include <cstdint>
#include <vector>

#include "common/device_plane.h"
#include "dct/device/frequency_planes.h"

namespace fastdct::dct::device {

struct FrequencyPlan {
  FrequencyLaunch launch{};
  std::vector<FrequencyJob> jobs;
  std::vector<int64_t> offsets;  // of each plane in the target, in elements, and the size of all
};

// Throws std::invalid_argument if `num_frequencies` is not 1 .. 64 or there are too many blocks.
FrequencyPlan plan_frequencies(const std::vector<DevicePlane>& planes, int num_frequencies);

}  // namespace fastdct::dct::device
