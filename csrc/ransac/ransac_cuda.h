// RANSAC over a batch of image pairs on a GPU: the same hypotheses, counts and models as on the CPU.
// Everything is launched on the caller's stream; nothing is waited for.
#pragma once
#include <cstddef>
#include <cstdint>

#include "ransac/plausibility.h"
#include "ransac/search_options.h"

namespace fastdct::ransac::cuda {

// Pointers are the device's.
struct Batch {
  const double* source;         // [K, 2]
  const double* target;         // [K, 2]
  const std::int64_t* offsets;  // [P + 1]
  const double* max_error;      // [P]
  std::int64_t num_matches;     // K
  std::int32_t num_pairs;       // P
  std::int32_t max_matches;     // of a pair; pairs that have more are found nothing in
};

struct Results {
  std::int32_t* num_inliers;     // [P]
  std::int32_t* num_one_to_one;  // [P]
  double* score;                 // [P]
  double* model;                 // [P, 2, 3]
  std::uint8_t* inlier_mask;     // [K]
  std::int32_t* num_iterations;  // [P]
};

// Bytes of working memory that verify() needs.
std::size_t workspace_size(const Batch& batch);

// Uniform sampling. Returns null or what CUDA says is wrong, such as a launch that was refused.
const char* verify_affine(const Batch& batch, const SearchOptions& options, void* workspace,
                          const Results& results, void* stream);
const char* verify_similarity(const Batch& batch, const SearchOptions& options, void* workspace,
                              const Results& results, void* stream);

}  // namespace fastdct::ransac::cuda
