// One pair, made ready for the search.
#pragma once
#include "ransac/matches.h"

namespace fastdct::ransac {

// Search coordinates are (pixels - centre) * scale, for both images by one scale: the linear part of a model is
// the same in both.
struct Frame {
  Match<double> centre;  // pixels
  double scale;          // kErrorSteps / max_error
};

struct ProblemView {
  Frame frame;
  // Followed, up to a multiple of kLanes, by matches so far away that none is an inlier. What float32 cannot
  // hold is such a match too.
  Columns matches;
  // In random order, going round for another kMaxRun.
  Columns shuffled;
};

}  // namespace fastdct::ransac
