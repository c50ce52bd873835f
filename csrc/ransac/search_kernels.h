// The search of one pair for each model, once per instruction set.
#pragma once
#include <cstdint>

#include "ransac/estimators.h"
#include "ransac/loop.h"
#include "ransac/problem_view.h"

namespace fastdct::ransac {

enum class Sampling { uniform, prosac, one_point };

struct SearchOptions {
  LinearBounds bounds;
  Budget budget;
  Sampling sampling;
  std::uint64_t seed;
};

struct SearchKernels {
  Fit<Affine<float>> (*similarity)(const ProblemView& problem, const SearchOptions& options);
  Fit<Affine<float>> (*affine)(const ProblemView& problem, const SearchOptions& options);
  Fit<Homography<float>> (*homography)(const ProblemView& problem, const SearchOptions& options);
  // Not by one_point.
  Fit<Fundamental<float>> (*fundamental)(const ProblemView& problem, const SearchOptions& options);
};

namespace portable {
extern const SearchKernels search_kernels;
}
namespace avx2 {
extern const SearchKernels search_kernels;
}
namespace avx512 {
extern const SearchKernels search_kernels;
}

// Those for this machine.
const SearchKernels& best_search_kernels();

}  // namespace fastdct::ransac
