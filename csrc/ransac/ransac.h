// RANSAC over a batch of image pairs.
#pragma once
#include <cstdint>

#include "ransac/loop.h"
#include "ransac/plausibility.h"
#include "ransac/search_kernels.h"

namespace fastdct::ransac {

enum class ModelKind { similarity, affine, homography, fundamental };

// Numbers of a model's matrix: [2, 3] or [3, 3].
constexpr int matrix_size(ModelKind kind) {
  return kind == ModelKind::similarity || kind == ModelKind::affine ? 6 : 9;
}

// Matches of pair p are rows offsets[p] .. offsets[p + 1] - 1. The caller has checked: offsets start at 0 and
// do not fall, no pair has 2^30 matches.
struct Batch {
  const double* source;         // [K, 2] pixels
  const double* target;         // [K, 2] pixels
  const std::int64_t* offsets;  // [P + 1]
  const double* max_error;      // [P] pixels, > 0
  std::int64_t num_pairs;       // P
  const double* quality;        // [K] larger is better; for Sampling::prosac, else null
  const double* source_frames;  // [K, 2] scale, angle in radians; for Sampling::one_point, else null
  const double* target_frames;  // [K, 2] the same
};

struct Options {
  ModelKind model;
  Sampling sampling;  // one_point: not with a fundamental matrix
  Plausibility bounds;
  Budget budget;
  std::uint64_t seed;
};

// A pair without a model has NaN for it and 0 elsewhere.
struct Results {
  std::int32_t* num_inliers;     // [P]
  std::int32_t* num_one_to_one;  // [P]
  double* score;                 // [P] in inliers: multiples of 1 / kScoreOne
  double* model;                 // [P, matrix_size]
  std::uint8_t* inlier_mask;     // [K] 0 or 1
  std::int32_t* num_iterations;  // [P]
};

// Throws std::bad_alloc before any work starts, nothing later. A pair's result depends on its matches and the
// options only: not on num_threads (>= 1), the other pairs or their order, nor on the machine.
void verify(const Batch& batch, const Options& options, int num_threads, const Results& results);

}  // namespace fastdct::ransac
