// Affine RANSAC over a batch of image pairs.
#pragma once
#include <cstdint>

#include "ransac/plausibility.h"
#include "ransac/loop.h"

namespace fastdct::ransac {

// Matches of pair p are rows offsets[p] .. offsets[p + 1] - 1. The caller has checked: offsets start at 0 and
// do not fall, no pair has more than 2^31 - 1 matches.
struct Batch {
  const double* source;         // [K, 2] pixels
  const double* target;         // [K, 2] pixels
  const std::int64_t* offsets;  // [P + 1]
  const double* max_error;      // [P] pixels, > 0
  std::int64_t num_pairs;       // P
};

struct Options {
  Plausibility bounds;
  Budget budget;
  std::uint64_t seed;
};

// Filled by ransac_affine. A pair without a model has NaN for it and 0 elsewhere.
struct Results {
  std::int32_t* num_inliers;     // [P]
  std::int32_t* num_one_to_one;  // [P]
  double* score;                 // [P] in inliers: multiples of 1 / kScoreOne
  double* model;                 // [P, 2, 3]
  std::uint8_t* inlier_mask;     // [K] 0 or 1
  std::int32_t* num_iterations;  // [P]
};

// Throws std::bad_alloc before any work starts, nothing later. A pair's result depends on its matches and the
// options only: not on num_threads (>= 1), the other pairs or their order.
void ransac_affine(const Batch& batch, const Options& options, int num_threads, const Results& results);

}  // namespace fastdct::ransac
