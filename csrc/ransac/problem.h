// Makes a pair ready for the search.
#pragma once
#include <cstdint>

#include "common/aligned.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

// Memory of one thread; grows to the largest pair.
class Workspace {
 public:
  // Throws std::bad_alloc; prepare() of up to this many matches then throws nothing.
  void reserve(std::int32_t max_matches);
  ProblemView prepare(const Matches& matches, double max_error, std::uint64_t seed);

 private:
  AlignedBuffer<float> columns_[4], shuffled_[4];
  AlignedBuffer<std::int32_t> order_;
};

}  // namespace fastdct::ransac
