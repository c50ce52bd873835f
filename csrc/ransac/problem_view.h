// One pair, made ready for the search.
#pragma once
#include "common/real.h"
#include "ransac/matches.h"

namespace fastdct::ransac {

// Search coordinates are (pixels - centre) * scale, for both images by one scale: the linear part of a model
// is the same in both.
struct Frame {
  Match<double> centre;  // pixels
  double scale;          // kErrorSteps / max_error
};

// Stands for what float32 cannot hold, and for no match: squares of it, and sums of the squares, are finite.
constexpr float kFarAway = 1e17f;

FASTDCT_HD float to_search_coordinate(double value, double centre, double scale) {
  const auto moved = static_cast<float>((value - centre) * scale);
  return magnitude(moved) < kFarAway ? moved : kFarAway;  // NaN is far away
}

struct ProblemView {
  Frame frame;
  // In random order, so that the first few are a fair sample of all; then going round for another kMaxRun.
  Columns matches;
  // The matches to draw from: the same or, for PROSAC, best first, which do not go round.
  Columns ordered;
  // (s cos a, s sin a) of each match, s and a being what its keypoints' scales and angles tell of the
  // image's; null without these.
  const float* turn[2];
  std::int32_t* indices;  // [matches.size + 1] working memory
};

}  // namespace fastdct::ransac
