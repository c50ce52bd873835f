// Refines and polishes what was found, and writes the results; a warp a pair.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include "ransac/device/prepare.h"
#include "ransac/polish_steps.h"
#include "ransac/steps.h"

namespace fastdct::ransac::device {

template <class Estimator>
struct Finish {
  static constexpr int kThreads = kWarp, kMatrixSize = Estimator::kModelSize == 6 ? 6 : 9;
  using Model = ransac::Model<float, Estimator::kModelSize>;
  struct Shared {
    Fit<Model> refined;
    PolishRound<Estimator> polished;
    double error[kThreads];     // the smallest that each thread sees
    std::int32_t at[kThreads];  // and whose it is
    std::int32_t num_one_to_one;
    bool ended;
  };
  Task task;
  Estimator estimator;
  const Progress<Model>* progress;
  Results results;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared* shared) const {
    const std::int32_t pair = block.x();
    const PairView view = view_of(task, pair);
    const Fit<Model> fit = progress[pair].result();
    const bool found = !view.skipped && fit.support.score > 0;
    if (found) {
      refine_pair(block, view, fit, shared);
      polish_pair(block, pair, view, shared);
    }
    std::uint8_t* mark = results.inlier_mask + task.batch.offsets[pair];
    const double bound = task.batch.max_error[pair] * task.batch.max_error[pair];
    block.each_thread([&](std::int32_t thread) {
      for (std::int32_t i = thread; i < view.size; i += kThreads) {
        double squared;
        mark[i] = found && is_inlier(estimator, shared->polished.matrix, view.matches[i], bound, &squared);
      }
    });
    block.one_thread([&] { shared->num_one_to_one = 0; });
    if (found) count_one_to_one(block, view.matches, mark, shared);
    block.each_thread([&](std::int32_t thread) {
      for (std::int32_t i = thread; i < view.size; i += kThreads) mark[i] = mark[i] != 0;
    });
    const std::int32_t drawn = view.skipped ? 0 : fit.num_iterations + task.memory.num_before[pair];
    block.one_thread([&] { store(pair, found, drawn, shared); });
  }

 private:
  // One group of the warp, since refining moves matches about. A fundamental matrix is not refined, as on the
  // CPU (search_body.inc).
  template <class Block>
  FASTDCT_HD void refine_pair(const Block& block, const PairView& view, const Fit<Model>& fit,
                              Shared* shared) const {
    block.template each_group<kSearchLanes>([&](const auto& group, std::int32_t number) {
      if (number != 0) return;
      const GroupFitter<Estimator, std::decay_t<decltype(group)>> fitter(group, estimator, view.columns);
      Fit<Model> best = fit;
      if constexpr (Estimator::kNumSums > 0) best = refine(fitter, fit);
      if (group.leads()) shared->refined = best;
    });
  }

  template <class Block>
  FASTDCT_HD void polish_pair(const Block& block, std::int32_t pair, const PairView& view,
                              Shared* shared) const {
    block.template each_group<kPolishLanes>([&](const auto& group, std::int32_t number) {
      if (number != 0) return;
      const Polish<Estimator, std::decay_t<decltype(group)>> polish(
          group, estimator, view.matches, task.memory.frames[pair], task.batch.max_error[pair]);
      const PolishRound<Estimator> best = polish.run(shared->refined.model);
      if (group.leads()) shared->polished = best;
    });
  }

  // Greedily, as one_to_one.h: the best of those left is taken, and what shares a keypoint with it is struck
  // out. The marks are 1 inlier, 2 struck out or taken.
  template <class Block>
  FASTDCT_HD void count_one_to_one(const Block& block, const Matches& matches, std::uint8_t* mark,
                                   Shared* shared) const {
    for (;;) {
      block.each_thread([&](std::int32_t thread) { find_best(matches, mark, thread, shared); });
      block.one_thread([&] { choose(matches.size, shared); });
      if (shared->ended) return;
      const std::int32_t taken = shared->at[0];
      block.each_thread([&](std::int32_t thread) {
        for (std::int32_t i = thread; i < matches.size; i += kThreads) {
          const bool shares = same_point(matches.source, i, taken) || same_point(matches.target, i, taken);
          if (mark[i] == 1 && shares) mark[i] = 2;
        }
      });
    }
  }

  FASTDCT_HD void find_best(const Matches& matches, const std::uint8_t* mark, std::int32_t thread,
                            Shared* shared) const {
    double best = HUGE_VAL;
    std::int32_t at = matches.size;
    for (std::int32_t i = thread; i < matches.size; i += kThreads) {
      if (mark[i] != 1) continue;
      const double squared = squared_error(estimator, shared->polished.matrix, matches[i]);
      if (squared < best) best = squared, at = i;
    }
    shared->error[thread] = best;
    shared->at[thread] = at;
  }

  FASTDCT_HD static void choose(std::int32_t size, Shared* shared) {
    for (int t = 1; t < kThreads; ++t) {
      const double best = shared->error[0], other = shared->error[t];
      if (other < best || (other == best && shared->at[t] < shared->at[0])) {
        shared->error[0] = other;
        shared->at[0] = shared->at[t];
      }
    }
    shared->ended = shared->at[0] == size;
    shared->num_one_to_one += shared->ended ? 0 : 1;
  }

  FASTDCT_HD static bool same_point(const double* points, std::int32_t i, std::int32_t j) {
    return points[2 * std::int64_t{i}] == points[2 * std::int64_t{j}] &&
           points[2 * std::int64_t{i} + 1] == points[2 * std::int64_t{j} + 1];
  }

  FASTDCT_HD void store(std::int32_t pair, bool found, std::int32_t drawn, const Shared* shared) const {
    const PolishRound<Estimator>& best = shared->polished;
    for (int k = 0; k < kMatrixSize; ++k) {
      results.model[kMatrixSize * std::int64_t{pair} + k] = found ? best.matrix[k] : NAN;
    }
    results.num_inliers[pair] = found ? best.support.num_inliers : 0;
    results.num_one_to_one[pair] = shared->num_one_to_one;
    results.score[pair] =
        found ? static_cast<double>(best.support.score) / static_cast<double>(kScoreOne) : 0;
    results.num_iterations[pair] = drawn;
  }
};

}  // namespace fastdct::ransac::device
