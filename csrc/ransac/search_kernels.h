// The search of one pair for each model, once per instruction set.
#pragma once
#include <cstdint>

#include "ransac/estimators.h"
#include "ransac/polished.h"
#include "ransac/problem_view.h"
#include "ransac/search_options.h"

namespace fastdct::ransac {

// The search and the polish of one model.
template <class Estimator>
struct ModelKernels {
  using Found = Fit<Model<float, Estimator::kModelSize>>;
  Found (*search)(const ProblemView& problem, const SearchOptions& options);
  Polished (*polish)(const Estimator& estimator, const PolishTask& task, const Found& found);
};

struct SearchKernels {
  // The matches in this order, in search coordinates.
  void (*to_columns)(const Matches& matches, const std::int32_t* order, const Frame& frame,
                     const Columns& columns);
  ModelKernels<SimilarityEstimator> similarity;
  ModelKernels<AffineEstimator> affine;
  ModelKernels<HomographyEstimator> homography;
  ModelKernels<FundamentalEstimator> fundamental;  // not by Sampling::one_point
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
