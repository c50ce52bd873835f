// The search, once per instruction set.
#pragma once
#include <cstdint>

#include "ransac/estimator.h"
#include "ransac/loop.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

struct SearchOptions {
  LinearBounds bounds;
  Budget budget;
  std::uint64_t seed;
};

namespace portable {
Fit<Affine<float>> search_affine(const ProblemView& problem, const SearchOptions& options);
}
namespace avx2 {
Fit<Affine<float>> search_affine(const ProblemView& problem, const SearchOptions& options);
}
namespace avx512 {
Fit<Affine<float>> search_affine(const ProblemView& problem, const SearchOptions& options);
}

}  // namespace fastdct::ransac
