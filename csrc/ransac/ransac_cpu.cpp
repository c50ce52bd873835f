// Launches the RANSAC core on CPU threads: one pair is one piece of work.
#include "ransac/ransac.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <system_error>
#include <thread>
#include <vector>

#include "ransac/affine_estimator.h"
#include "ransac/one_to_one.h"

namespace fastdct::ransac {
namespace {

std::int32_t pair_size(const Batch& batch, std::int64_t pair) {
  return static_cast<std::int32_t>(batch.offsets[pair + 1] - batch.offsets[pair]);
}

void mark_inliers(const AffineEstimator& estimator, const Affine& model, std::uint8_t* mask) {
  for (std::int32_t i = 0; i < estimator.matches.size; ++i) {
    mask[i] = squared_residual(model, estimator.matches[i]) <= estimator.squared_error;
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

void verify_pair(const Batch& batch, const Options& options, std::int64_t pair, OneToOneScratch* scratch,
                 const Results& results) {
  const std::int64_t first = batch.offsets[pair];
  std::uint8_t* mask = results.inlier_mask + first;
  const Matches matches{batch.source + 2 * first, batch.target + 2 * first, pair_size(batch, pair)};
  if (matches.size < kMinMatches) return store_nothing(pair, 0, matches.size, mask, results);

  const double max_error = batch.max_error[pair];
  const AffineEstimator estimator{matches, options.bounds, options.seed, max_error * max_error};
  const Fit<Affine> fit = search(estimator, options.budget);
  if (fit.support.score == 0) return store_nothing(pair, fit.num_iterations, matches.size, mask, results);

  mark_inliers(estimator, fit.model, mask);
  const Affine& m = fit.model;
  const double rows[6] = {m.a, m.b, m.tx, m.c, m.d, m.ty};
  std::copy_n(rows, 6, results.model + 6 * pair);
  results.num_inliers[pair] = fit.support.num_inliers;
  results.num_one_to_one[pair] = count_one_to_one(matches, mask, m, scratch);
  results.score[pair] = static_cast<double>(fit.support.score) / static_cast<double>(kScoreOne);
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
  const auto num_workers = static_cast<int>(std::min<std::int64_t>(num_threads, batch.num_pairs));
  std::vector<OneToOneScratch> scratch(num_workers, OneToOneScratch(largest_pair(batch)));
  std::atomic<std::int64_t> next{0};
  const auto work = [&](OneToOneScratch* own) {
    for (std::int64_t pair = next++; pair < batch.num_pairs; pair = next++) {
      verify_pair(batch, options, pair, own, results);
    }
  };
  std::vector<std::thread> helpers;
  helpers.reserve(num_workers - 1);
  try {
    for (int i = 1; i < num_workers; ++i) helpers.emplace_back(work, &scratch[i]);
  } catch (const std::system_error&) {
    // The system gives no more threads: those that started, and this one, do all the work.
  }
  work(&scratch[0]);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace fastdct::ransac
