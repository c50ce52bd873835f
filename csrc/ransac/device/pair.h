// One pair of a batch, as kernels see it.
#pragma once
#include <cstdint>

#include "ransac/device/batch.h"
#include "ransac/device/memory.h"

namespace fastdct::ransac::device {

// What every kernel of a batch is told.
struct Task {
  Batch batch;
  Memory memory;
  SearchOptions options;
  std::int32_t sample_size;  // of the model asked for: pairs with no more matches are skipped
};

struct PairView {
  std::int32_t size;
  bool skipped;  // nothing can be found, or the caller said that no pair is so large
  Matches matches;
  Columns columns, ordered;
  const float* turn[2];
  std::int32_t* growth;
};

FASTDCT_HD PairView view_of(const Task& task, std::int32_t pair) {
  const Batch& batch = task.batch;
  const Memory& memory = task.memory;
  const std::int64_t first = batch.offsets[pair];
  PairView view;
  view.size = static_cast<std::int32_t>(batch.offsets[pair + 1] - first);
  view.skipped = view.size <= task.sample_size || view.size > batch.max_matches;
  view.matches = {batch.source + 2 * first, batch.target + 2 * first, view.size};
  for (int k = 0; k < 4; ++k) {
    view.columns.column[k] = memory.columns[k] + first;
    view.ordered.column[k] = memory.ordered[k] + first;
  }
  view.columns.size = view.ordered.size = view.size;
  for (int k = 0; k < 2; ++k) view.turn[k] = memory.turn[k] + first;
  view.growth = memory.growth + first;
  return view;
}

}  // namespace fastdct::ransac::device
