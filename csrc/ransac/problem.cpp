#include "ransac/problem.h"

#include <algorithm>
#include <cmath>

#include "common/lanes_count.h"
#include "ransac/middle.h"
#include "ransac/sample.h"
#include "ransac/score.h"
#include "ransac/search_kernels.h"

namespace fastdct::ransac {
Workspace::Workspace(std::int32_t max_matches, std::uint64_t seed) : seed_(seed) {
  const auto size = static_cast<size_t>(max_matches);
  for (auto& column : columns_) column.reserve(size + kLanes);
  for (auto& column : ordered_) column.reserve(size + kMaxRun);
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

void Workspace::fill_turns(const Pair& pair) {
  for (std::int64_t i = 0; i < pair.matches.size; ++i) {
    const double scale = pair.target_frames[2 * i] / pair.source_frames[2 * i];
    const double angle = pair.target_frames[2 * i + 1] - pair.source_frames[2 * i + 1];
    turn_[0].data()[i] = static_cast<float>(scale * std::cos(angle));
    turn_[1].data()[i] = static_cast<float>(scale * std::sin(angle));
  }
}

ProblemView Workspace::prepare(const Pair& pair) {
  const Matches& matches = pair.matches;
  const std::int32_t n = matches.size;
  const double* coordinates[4] = {matches.source, matches.source + 1, matches.target, matches.target + 1};
  const double scale = static_cast<double>(kErrorSteps) / pair.max_error;
  const std::int32_t* order = pair.quality == nullptr ? random_order(n) : order_by(pair.quality, n);
  if (pair.source_frames != nullptr) fill_turns(pair);
  double centre[4];
  for (int k = 0; k < 4; ++k) {
    centre[k] = middle(coordinates[k], n);
    float* column = columns_[k].data();
    best_search_kernels().to_search_coordinates(coordinates[k], n, centre[k], scale, column);
    // The target is far away, the source is not: a far source could be mapped to a far target.
    std::fill(column + n, column + n + kLanes, k < 2 ? 0.0f : kFarAway);
    float* ordered = ordered_[k].data();
    for (std::int32_t i = 0; i < n; ++i) ordered[i] = column[order[i]];
    for (std::int32_t i = 0; i < kMaxRun; ++i)
      ordered[n + i] = ordered[i];  // which may be past n, and repeat
  }
  const auto view = [n](const AlignedBuffer<float>(&buffers)[4]) {
    return Columns{{buffers[0].data(), buffers[1].data(), buffers[2].data(), buffers[3].data()}, n};
  };
  return {{{centre[0], centre[1], centre[2], centre[3]}, scale},
          view(columns_),
          view(ordered_),
          {turn_[0].data(), turn_[1].data()},
          indices_.data()};
}

}  // namespace fastdct::ransac
