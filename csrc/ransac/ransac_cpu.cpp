// Launches the RANSAC core on CPU threads: one pair is one piece of work.
#include <algorithm>
#include <limits>
#include <vector>

#include "common/cpu_level.h"
#include "common/parallel.h"
#include "ransac/one_to_one.h"
#include "ransac/pixels.h"
#include "ransac/problem.h"
#include "ransac/ransac.h"
#include "ransac/search_kernels.h"

namespace fastdct::ransac {

const SearchKernels& best_search_kernels() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::kAvx512:
      return avx512::search_kernels;
    case CpuLevel::kAvx2:
      return avx2::search_kernels;
#endif
    default:
      return portable::search_kernels;
  }
}

namespace {

struct Worker {
  Worker(std::int32_t max_matches, std::uint64_t seed)
      : workspace(max_matches, seed),
        one_to_one(max_matches),
        index(static_cast<std::size_t>(max_matches) + 8),
        inlier{std::vector<std::uint8_t>(index.size()), std::vector<std::uint8_t>(index.size())} {}
  Workspace workspace;
  OneToOneScratch one_to_one;
  std::vector<std::int32_t> index;
  std::vector<std::uint8_t> inlier[2];
};

// Where the results of one pair go.
struct PairResults {
  const Results& all;
  std::int64_t pair;
  int matrix_size;
  std::uint8_t* mask;  // [num_matches]
  std::int32_t num_matches;

  void store_nothing(std::int32_t num_iterations) const {
    all.num_inliers[pair] = all.num_one_to_one[pair] = 0;
    all.score[pair] = 0;
    all.num_iterations[pair] = num_iterations;
    std::fill_n(all.model + matrix_size * pair, matrix_size, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(mask, num_matches, std::uint8_t{0});
  }

  void store(const Polished& found, std::int32_t num_iterations) const {
    all.num_inliers[pair] = found.support.num_inliers;
    all.score[pair] = static_cast<double>(found.support.score) / static_cast<double>(kScoreOne);
    all.num_iterations[pair] = num_iterations;
    std::copy_n(found.matrix.at, matrix_size, all.model + matrix_size * pair);
    std::copy_n(found.inlier, num_matches, mask);
  }
};

template <class Estimator>
struct Verifier {
  Estimator estimator;
  ModelKernels<Estimator> kernels;
  SearchOptions options;

  // As many matches as make a sample agree with some model: one more verifies something (DELF too scores an
  // affine map 0 up to three).
  void verify(const Pair& pair, Worker* worker, const PairResults& results) const {
    if (pair.matches.size <= Estimator::kSampleSize) return results.store_nothing(0);
    const ProblemView problem = worker->workspace.prepare(pair);
    const auto fit = kernels.search(problem, options);
    if (fit.support.score == 0) return results.store_nothing(fit.num_iterations);
    std::int32_t* index = worker->index.data();
    const Polished found = kernels.polish(estimator,
                                          {pair.matches,
                                           problem.frame,
                                           pair.max_error,
                                           {worker->inlier[0].data(), worker->inlier[1].data()},
                                           index},
                                          fit);
    results.store(found, fit.num_iterations);
    list_inliers(found.inlier, pair.matches.size, index);
    const auto error = [&](std::int32_t i) {
      return squared_error(estimator, found.matrix, pair.matches[i]);
    };
    results.all.num_one_to_one[results.pair] =
        count_one_to_one(pair.matches, error, index, found.support.num_inliers, &worker->one_to_one);
  }
};

std::int32_t pair_size(const Batch& batch, std::int64_t pair) {
  return static_cast<std::int32_t>(batch.offsets[pair + 1] - batch.offsets[pair]);
}

Pair pair_at(const Batch& batch, std::int64_t pair) {
  const std::int64_t first = batch.offsets[pair];
  const bool framed = batch.source_frames != nullptr;
  return {{batch.source + 2 * first, batch.target + 2 * first, pair_size(batch, pair)},
          batch.max_error[pair],
          batch.quality == nullptr ? nullptr : batch.quality + first,
          framed ? batch.source_frames + 2 * first : nullptr,
          framed ? batch.target_frames + 2 * first : nullptr};
}

std::int32_t largest_pair(const Batch& batch) {
  std::int32_t largest = 0;
  for (std::int64_t p = 0; p < batch.num_pairs; ++p) largest = std::max(largest, pair_size(batch, p));
  return largest;
}

template <class Estimator>
void verify_with(const Verifier<Estimator>& verifier, const Batch& batch, int num_threads, int matrix_size,
                 const Results& results) {
  const int workers_wanted = num_workers(batch.num_pairs, num_threads);
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(workers_wanted));
  for (int i = 0; i < workers_wanted; ++i) workers.emplace_back(largest_pair(batch), verifier.options.seed);
  parallel_for(batch.num_pairs, workers_wanted, [&](int worker, std::int64_t p) {
    const Pair pair = pair_at(batch, p);
    verifier.verify(pair, &workers[static_cast<std::size_t>(worker)],
                    {results, p, matrix_size, results.inlier_mask + batch.offsets[p], pair.matches.size});
  });
}

}  // namespace

void verify(const Batch& batch, const Options& options, int num_threads, const Results& results) {
  if (batch.num_pairs == 0) return;
  const SearchKernels& search = best_search_kernels();
  const LinearBounds bounds = linear_bounds(options.bounds);
  const SearchOptions search_options{bounds, options.budget, options.sampling, options.seed};
  const auto verify_by = [&](const auto& estimator, const auto& kernels) {
    using Estimator = std::decay_t<decltype(estimator)>;
    const Verifier<Estimator> verifier{estimator, kernels, search_options};
    verify_with(verifier, batch, num_threads, matrix_size(options.model), results);
  };
  switch (options.model) {
    case ModelKind::similarity:
      return verify_by(SimilarityEstimator{{bounds}}, search.similarity);
    case ModelKind::affine:
      return verify_by(AffineEstimator{bounds}, search.affine);
    case ModelKind::homography:
      return verify_by(HomographyEstimator{bounds}, search.homography);
    case ModelKind::fundamental:
      return verify_by(FundamentalEstimator{}, search.fundamental);
  }
}

}  // namespace fastdct::ransac
