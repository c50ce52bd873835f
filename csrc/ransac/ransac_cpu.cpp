// Launches the RANSAC core on CPU threads: one pair is one piece of work.
#include "ransac/ransac.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "common/cpu_level.h"
#include "common/parallel.h"
#include "ransac/one_to_one.h"
#include "ransac/polish.h"
#include "ransac/problem.h"
#include "ransac/search_kernels.h"

namespace fastdct::ransac {
namespace {

std::int32_t pair_size(const Batch& batch, std::int64_t pair) {
  return static_cast<std::int32_t>(batch.offsets[pair + 1] - batch.offsets[pair]);
}

// Three matches always agree with the map through them, so a pair needs a fourth before anything is verified
// (DELG too scores 0 up to three).
constexpr std::int32_t kMinMatches = 4;

struct Worker {
  Worker(std::int32_t max_matches, std::uint64_t seed)
      : workspace(max_matches, seed), one_to_one(max_matches), inlier(max_matches + 1) {}
  Workspace workspace;
  OneToOneScratch one_to_one;
  std::vector<std::int32_t> inlier;
};

Fit<Affine<float>> search_affine(const ProblemView& problem, const SearchOptions& options) {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::kAvx512: return avx512::search_affine(problem, options);
    case CpuLevel::kAvx2: return avx2::search_affine(problem, options);
#endif
    default: return portable::search_affine(problem, options);
  }
}

void store_nothing(std::int64_t pair, std::int32_t num_iterations, std::int32_t num_matches,
                   std::uint8_t* mask, const Results& results) {
  results.num_inliers[pair] = results.num_one_to_one[pair] = 0;
  results.score[pair] = 0;
  results.num_iterations[pair] = num_iterations;
  std::fill_n(results.model + 6 * pair, 6, std::numeric_limits<double>::quiet_NaN());
  std::fill_n(mask, num_matches, std::uint8_t{0});
}

void verify_pair(const Batch& batch, const Options& options, std::int64_t pair, Worker* worker,
                 const Results& results) {
  const std::int64_t first = batch.offsets[pair];
  std::uint8_t* mask = results.inlier_mask + first;
  const Matches matches{batch.source + 2 * first, batch.target + 2 * first, pair_size(batch, pair)};
  if (matches.size < kMinMatches) return store_nothing(pair, 0, matches.size, mask, results);

  const double max_error = batch.max_error[pair];
  const ProblemView problem = worker->workspace.prepare(matches, max_error);
  const Fit<Affine<float>> fit =
      search_affine(problem, {linear_bounds(options.bounds), options.budget, options.seed});
  if (fit.support.score == 0) return store_nothing(pair, fit.num_iterations, matches.size, mask, results);

  Affine<double> model = in_pixels(fit.model, problem.frame);
  std::int32_t* inlier = worker->inlier.data();
  const Support support = polish(matches, problem.frame, options.bounds, max_error, &model, inlier);
  std::fill_n(mask, matches.size, std::uint8_t{0});
  for (std::int32_t k = 0; k < support.num_inliers; ++k) mask[inlier[k]] = 1;
  std::copy_n(model.at, 6, results.model + 6 * pair);
  results.num_inliers[pair] = support.num_inliers;
  results.num_one_to_one[pair] = 
      count_one_to_one(matches, model, inlier, support.num_inliers, &worker->one_to_one);
  results.score[pair] = static_cast<double>(support.score) / static_cast<double>(kScoreOne);
  results.num_iterations[pair] = fit.num_iterations;
}

std::int32_t largest_pair(const Batch& batch) {
  std::int32_t largest = 0;
  for (std::int64_t pair = 0; pair < batch.num_pairs; ++pair)
    largest = std::max(largest, pair_size(batch, pair));
  return largest;
}

}  // namespace

void ransac_affine(const Batch& batch, const Options& options, int num_threads, const Results& results) {
  if (batch.num_pairs == 0) return;
  const int workers_wanted = num_workers(batch.num_pairs, num_threads);
  std::vector<Worker> workers;
  workers.reserve(workers_wanted);
  for (int i = 0; i < workers_wanted; ++i) workers.emplace_back(largest_pair(batch), options.seed);
  parallel_for(batch.num_pairs, workers_wanted, [&](int worker, std::int64_t pair) {
    verify_pair(batch, options, pair, &workers[worker], results);
  });
}

}  // namespace fastdct::ransac
