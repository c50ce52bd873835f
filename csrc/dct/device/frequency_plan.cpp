#include "dct/device/frequency_plan.h"

#include <stdexcept>

namespace fastdct::dct::device {

FrequencyPlan plan_frequencies(const std::vector<DevicePlane>& planes, int num_frequencies) {
  if (num_frequencies < 1 || num_frequencies > kFrequencies)
    throw std::invalid_argument("num_frequencies is 1 to 64");
  constexpr uint64_t kMaxTiles = 0x7FFFFFFF;  // of a launch
  FrequencyPlan plan;
  uint64_t target = 0, tiles = 0;
  for (const DevicePlane& plane : planes) {
    const uint64_t units = uint64_t{plane.num_rows} * plane.num_cols;
    plan.offsets.push_back(static_cast<int64_t>(target));
    plan.jobs.push_back(
        {plane.first_block, target, static_cast<uint32_t>(units), static_cast<uint32_t>(tiles)});
    target += units * static_cast<uint64_t>(num_frequencies);
    tiles += (units + FrequencyTile::kUnits - 1) / FrequencyTile::kUnits;
    if (tiles > kMaxTiles) throw std::invalid_argument("the batch has more blocks than one launch can take");
  }
  plan.offsets.push_back(static_cast<int64_t>(target));
  plan.launch = {static_cast<uint32_t>(planes.size()), static_cast<uint32_t>(tiles), num_frequencies, 0};
  return plan;
}

}  // namespace fastdct::dct::device
