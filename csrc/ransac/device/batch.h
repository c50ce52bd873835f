// RANSAC over a batch of image pairs by a GPU's kernels: the same hypotheses, counts and models as on the
// CPU. Pointers are the device's.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ransac/search_options.h"

namespace fastdct::ransac::device {

struct Batch {
  const double* source;            // [K, 2]
  const double* target;            // [K, 2]
  const std::int64_t* offsets;     // [P + 1]
  const double* max_error;         // [P]
  const std::int64_t* best_first;  // [K]: rows of each pair, the best first; for Sampling::prosac, else null
  const double* source_frames;     // [K, 2] scale, angle in radians; for Sampling::one_point, else null
  const double* target_frames;     // the same
  std::int64_t num_matches;        // K
  std::int32_t num_pairs;          // P
  std::int32_t max_matches;        // of a pair; pairs that have more are found nothing in
};

struct Results {
  std::int32_t* num_inliers;     // [P]
  std::int32_t* num_one_to_one;  // [P]
  double* score;                 // [P]
  double* model;                 // [P, matrix_size]
  std::uint8_t* inlier_mask;     // [K]
  std::int32_t* num_iterations;  // [P]
};

}  // namespace fastdct::ransac::device
