// What polishing takes and gives (polish_lanes.h).
#pragma once
#include <cstdint>

#include "ransac/matches.h"
#include "ransac/pixels.h"
#include "ransac/problem_view.h"
#include "ransac/score.h"

namespace fastdct::ransac {

struct PolishTask {
  Matches matches;
  Frame frame;
  double max_error;
  // Working memory, [matches.size + 8] each.
  std::uint8_t* inlier[2];
  std::int32_t* index;
};

struct Polished {
  Matrix matrix;  // in pixels
  Support support;
  const std::uint8_t* inlier;  // 0 or 1 of each match, in the memory of the task
};

// The indices of those that are 1, rising; without a branch, since which are is not predictable. One entry
// may be written too much.
inline void list_inliers(const std::uint8_t* inlier, std::int32_t num_matches, std::int32_t* index) {
  for (std::int32_t i = 0; i < num_matches; ++i) {
    *index = i;
    index += inlier[i];
  }
}

}  // namespace fastdct::ransac
