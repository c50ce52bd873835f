// Makes a pair ready for the search.
#pragma once
#include <cstdint>

#include "common/aligned.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

// Memory of one thread, for pairs of up to max_matches < 2^30.
class Workspace {
 public:
  // Throws std::bad_alloc; prepare() throws nothing.
  Workspace(std::int32_t max_matches, std::uint64_t seed);
  ProblemView prepare(const Matches& matches, double max_error);

 private:
  const std::int32_t* order_of(std::int32_t num_matches);

  std::uint64_t seed_;
  AlignedBuffer<float> columns_[4], shuffled_[4];
  AlignedBuffer<std::int32_t> whole_orders_;  // that of a power of two lies at [size, 2 size)
  std::uint32_t sizes_drawn_ = 0;             // a bit for each
  AlignedBuffer<std::int32_t> order_;         // of one pair
};

}  // namespace fastdct::ransac
