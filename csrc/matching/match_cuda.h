// Matching on a GPU. Launched on the caller's stream; nothing is waited for.
#pragma once
#include <cstdint>

namespace fastdct::matching::cuda {

// Pointers are the device's. Candidate p holds the rows offsets[p] .. offsets[p + 1] - 1.
struct Shortlist {
  const float* query;           // [num_query, width]
  const float* candidates;      // [M, width]
  const std::int64_t* offsets;  // [num_candidates + 1]
  std::int32_t num_query, num_candidates, width;
  std::int32_t max_rows;  // of a candidate; one that has more is matched with nothing
  bool inner_product;     // else Euclidean
};

// Nearest and second nearest row of each query descriptor in each candidate, [num_candidates, num_query], -1
// where there is none; and the nearest query descriptor of each candidate row, [M]. Similarities are summed,
// compared and tied as on the CPU (match.h), so that they are the same rows. Returns null or what CUDA says
// is wrong.
const char* find_neighbours(const Shortlist& shortlist, std::int32_t* nearest, std::int32_t* second,
                            std::int32_t* nearest_query, void* stream);

}  // namespace fastdct::matching::cuda
