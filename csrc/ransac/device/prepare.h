// Makes the pairs of a batch ready, as problem.h does.
#pragma once
#include <cstdint>

#include "ransac/device/block.h"
#include "ransac/device/pair.h"
#include "ransac/middle.h"
#include "ransac/one_point.h"
#include "ransac/prosac.h"

namespace fastdct::ransac::device {

constexpr int kThreads = 128, kWarp = 32;

// Notes which random orders are needed; a thread a pair.
struct FindOrderSizes {
  static constexpr int kThreads = kWarp;
  struct Shared {};
  Task task;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared*) const {
    block.each_thread([&](std::int32_t thread) {
      const std::int32_t pair = block.x() * kThreads + thread;
      if (pair >= task.batch.num_pairs) return;
      const std::int64_t size = task.batch.offsets[pair + 1] - task.batch.offsets[pair];
      if (size <= 0 || size > task.batch.max_matches) return;
      const auto bits = static_cast<std::uint32_t>(order_size(static_cast<std::int32_t>(size)));
      block.set_bits(task.memory.order_sizes, bits);
    });
  }
};

// One block a power of two. Drawing is one thing after another, so it is done where memory is near.
struct DrawOrders {
  static constexpr int kThreads = device::kThreads;
  static constexpr std::int32_t kMaxShared = 8192;
  struct Shared {
    std::int32_t order[kMaxShared];
  };
  Task task;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared* shared) const {
    const std::int32_t size = 1 << block.x();
    if ((*task.memory.order_sizes & static_cast<std::uint32_t>(size)) == 0) return;
    std::int32_t* whole = task.memory.whole_orders + size;
    const bool near = size <= kMaxShared;
    block.one_thread([&] { draw_order(task.options.seed, size, near ? shared->order : whole); });
    if (!near) return;
    block.each_thread([&](std::int32_t thread) {
      for (std::int32_t i = thread; i < size; i += kThreads) whole[i] = shared->order[i];
    });
  }
};

// A block a pair: its matches as columns, in random order and best first, and where its search starts.
template <class Estimator>
struct Prepare {
  static constexpr int kThreads = device::kThreads;
  using Progress = ransac::Progress<Model<float, Estimator::kModelSize>>;
  struct Shared {
    double centre[4];
  };
  Task task;
  Progress* progress;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared* shared) const {
    const std::int32_t pair = block.x();
    const PairView view = view_of(task, pair);
    std::int32_t* order = task.memory.orders + task.batch.offsets[pair];
    block.one_thread([&] { start(pair, view); });
    if (view.skipped) return;
    block.each_thread([&](std::int32_t thread) {
      if (thread < 4) shared->centre[thread] = middle(coordinate(view, thread), view.size);
      if (thread == 4) list_order(view.size, order);
    });
    const double scale = static_cast<double>(kErrorSteps) / task.batch.max_error[pair];
    const double* c = shared->centre;
    block.one_thread([&] { task.memory.frames[pair] = {{c[0], c[1], c[2], c[3]}, scale}; });
    block.each_thread([&](std::int32_t thread) {
      for (std::int32_t i = thread; i < view.size; i += kThreads) {
        fill(view, i, order[i], view.columns, c, scale);
        if (task.batch.source_frames != nullptr) fill_turn(pair, view, i, order[i]);
        if (task.batch.best_first == nullptr) continue;
        const std::int64_t first = task.batch.offsets[pair];
        fill(view, i, task.batch.best_first[first + i] - first, view.ordered, c, scale);
      }
    });
  }

 private:
  FASTDCT_HD void start(std::int32_t pair, const PairView& view) const {
    std::int32_t most = task.options.budget.max_iterations;
    if (task.options.sampling == Sampling::one_point && most > view.size) most = view.size;
    progress[pair].start({view.skipped ? 0 : most, task.options.budget.confidence}, {}, 0);
    task.memory.num_before[pair] = 0;
  }

  FASTDCT_HD static const double* coordinate(const PairView& view, int k) {
    return (k < 2 ? view.matches.source : view.matches.target) + k % 2;
  }

  FASTDCT_HD void list_order(std::int32_t size, std::int32_t* order) const {
    const std::int32_t whole = order_size(size);
    std::int32_t count = 0;
    for (std::int32_t i = 0; i < whole; ++i) {
      const std::int32_t entry = task.memory.whole_orders[whole + i];
      if (entry < size) order[count++] = entry;
    }
  }

  FASTDCT_HD static void fill(const PairView& view, std::int32_t to, std::int64_t from,
                              const Columns& columns, const double* centre, double scale) {
    for (int k = 0; k < 4; ++k) {
      columns.column[k][to] = to_search_coordinate(coordinate(view, k)[2 * from], centre[k], scale);
    }
  }

  FASTDCT_HD void fill_turn(std::int32_t pair, const PairView&, std::int32_t to, std::int64_t from) const {
    const std::int64_t first = task.batch.offsets[pair], at = 2 * (first + from);
    turn_between(task.batch.source_frames + at, task.batch.target_frames + at,
                 task.memory.turn[0] + first + to, task.memory.turn[1] + first + to);
  }
};

// PROSAC's growth, which depends on the sample's size; a thread a pair.
template <class Estimator>
struct ListGrowth {
  static constexpr int kThreads = kWarp;
  struct Shared {};
  Task task;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared*) const {
    block.each_thread([&](std::int32_t thread) {
      const std::int32_t pair = block.x() * kThreads + thread;
      if (pair >= task.batch.num_pairs) return;
      const PairView view = view_of(task, pair);
      const std::int32_t total = task.options.budget.max_iterations;
      if (!view.skipped) list_growth<Estimator::kSampleSize>(view.size, total, view.growth);
    });
  }
};

}  // namespace fastdct::ransac::device
