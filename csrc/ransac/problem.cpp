#include "ransac/problem.h"

#include <algorithm>
#include <cmath>

#include "common/lanes_count.h"
#include "ransac/middle.h"
#include "ransac/one_point.h"
#include "ransac/sample.h"
#include "ransac/score.h"
#include "ransac/search_kernels.h"

namespace fastdct::ransac {
namespace {

// Asks for what will be read in random order, which no processor foresees: a tenth of the time of large
// pairs.
void prefetch(const double* points, std::int32_t count) {
  constexpr std::int64_t kLine = 8;  // doubles
  for (std::int64_t i = 0; i < 2 * std::int64_t{count}; i += kLine) __builtin_prefetch(points + i);
}

}  // namespace

Workspace::Workspace(std::int32_t max_matches, std::uint64_t seed) : seed_(seed) {
  const auto size = static_cast<size_t>(max_matches);
  for (auto& column : columns_) column.reserve(size + kMaxRun);
  for (auto& column : ordered_) column.reserve(size + kLanes);
  whole_orders_.reserve(2 * static_cast<size_t>(order_size(max_matches)));
  for (auto& turn : turn_) turn.reserve(size + kLanes);
  order_.reserve(size + 1);
  indices_.reserve(size + 1);
}

const std::int32_t* Workspace::random_order(std::int32_t num_matches) {
  const std::int32_t size = order_size(num_matches);
  std::int32_t* whole = whole_orders_.data() + size;
  if ((sizes_drawn_ & static_cast<std::uint32_t>(size)) == 0) {
    draw_order(seed_, size, whole);
    sizes_drawn_ |= static_cast<std::uint32_t>(size);
  }
  std::int32_t* order = order_.data();
  for (std::int32_t i = 0, count = 0; i < size; ++i) {  // without a branch; one entry may be written too much
    order[count] = whole[i];
    count += whole[i] < num_matches;
  }
  return order;
}

// Best first, equals as they come; what is no number last.
const std::int32_t* Workspace::order_by(const double* quality, std::int32_t num_matches) {
  std::int32_t* order = order_.data();
  const auto value = [quality](std::int32_t i) { return std::isnan(quality[i]) ? -HUGE_VAL : quality[i]; };
  for (std::int32_t i = 0; i < num_matches; ++i) order[i] = i;
  std::sort(order, order + num_matches, [&value](std::int32_t i, std::int32_t j) {
    return value(i) != value(j) ? value(i) > value(j) : i < j;
  });
  return order;
}

void Workspace::fill_turns(const Pair& pair, const std::int32_t* order) {
  for (std::int32_t k = 0; k < pair.matches.size; ++k) {
    const std::int64_t i = order[k];
    turn_between(pair.source_frames + 2 * i, pair.target_frames + 2 * i, turn_[0].data() + k,
                 turn_[1].data() + k);
  }
}

ProblemView Workspace::prepare(const Pair& pair) {
  const Matches& matches = pair.matches;
  const std::int32_t n = matches.size;
  prefetch(matches.source, n);
  prefetch(matches.target, n);
  const Frame frame{{middle(matches.source, n), middle(matches.source + 1, n), middle(matches.target, n),
                     middle(matches.target + 1, n)},
                    static_cast<double>(kErrorSteps) / pair.max_error};
  const auto view = [n](AlignedBuffer<float>(&buffers)[4]) {
    return Columns{{buffers[0].data(), buffers[1].data(), buffers[2].data(), buffers[3].data()}, n};
  };
  const Columns columns = view(columns_);
  const std::int32_t* order = random_order(n);
  const auto to_columns = best_search_kernels().to_columns;
  to_columns(matches, order, frame, columns);
  for (float* column : columns.column) {
    for (std::int32_t i = 0; i < kMaxRun; ++i) column[n + i] = column[i];  // which may be past n, and repeat
  }
  if (pair.source_frames != nullptr) fill_turns(pair, order);
  Columns ordered = columns;
  if (pair.quality != nullptr) {
    ordered = view(ordered_);
    to_columns(matches, order_by(pair.quality, n), frame, ordered);
  }
  return {frame, columns, ordered, {turn_[0].data(), turn_[1].data()}, indices_.data()};
}

}  // namespace fastdct::ransac
