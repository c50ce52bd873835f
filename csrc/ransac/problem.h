// Makes a pair ready for the search.
#pragma once
#include <cstdint>

#include "common/aligned.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

// Memory of one thread, for pairs of up to max_matches < 2^30.
struct Pair {
  Matches matches;
  double max_error;
  const double* quality;        // [size], larger is better; null: order at random
  const double* source_frames;  // [size, 2] scale and angle of the keypoints, radians; null: without
  const double* target_frames;  // the same
};

class Workspace {
 public:
  // Throws std::bad_alloc; prepare() throws nothing.
  Workspace(std::int32_t max_matches, std::uint64_t seed);
  ProblemView prepare(const Pair& pair);

 private:
  const std::int32_t* random_order(std::int32_t num_matches);
  const std::int32_t* order_by(const double* quality, std::int32_t num_matches);
  void fill_turns(const Pair& pair, const std::int32_t* order);

  std::uint64_t seed_;
  AlignedBuffer<float> columns_[4], ordered_[4], turn_[2];
  AlignedBuffer<std::int32_t> whole_orders_;  // that of a power of two lies at [size, 2 size)
  std::uint32_t sizes_drawn_ = 0;             // a bit for each
  AlignedBuffer<std::int32_t> order_;         // of one pair
  AlignedBuffer<std::int32_t> indices_;
};

}  // namespace fastdct::ransac
