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
  std::int32_t* inlier;  // [matches.size + 8] receives the inliers' indices, rising
};

struct Polished {
  Matrix matrix;  // in pixels
  Support support;
};

}  // namespace fastdct::ransac
