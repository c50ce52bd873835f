#pragma once
#include <cstdint>

#include "ransac/loop.h"
#include "ransac/plausibility.h"

namespace fastdct::ransac {

enum class Sampling { uniform, prosac, one_point };

struct SearchOptions {
  LinearBounds bounds;
  Budget budget;
  Sampling sampling;
  std::uint64_t seed;
};

}  // namespace fastdct::ransac
