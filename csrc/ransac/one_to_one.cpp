#include "ransac/one_to_one.h"

#include <algorithm>
#include <utility>

#include "ransac/score.h"

namespace fastdct::ransac {
namespace {

using Point = std::pair<double, double>;

Point point(const double* coordinates, std::int32_t i) {
  return {coordinates[2 * std::int64_t{i}], coordinates[2 * std::int64_t{i} + 1]};
}

// Gives equal points of the listed matches one number: the index of the first match that has it.
void number_points(const double* coordinates, std::vector<std::int32_t>* order,
                   std::vector<std::int32_t>* number) {
  std::sort(order->begin(), order->end(), [&](std::int32_t i, std::int32_t j) {
    return std::make_pair(point(coordinates, i), i) < std::make_pair(point(coordinates, j), j);
  });
  std::int32_t first = -1;
  for (const std::int32_t i : *order) {
    if (first < 0 || point(coordinates, i) != point(coordinates, first)) first = i;
    (*number)[i] = first;
  }
}

}  // namespace

OneToOneScratch::OneToOneScratch(std::int32_t max_matches)
    : residual(max_matches),
      source(max_matches),
      target(max_matches),
      source_used(max_matches),
      target_used(max_matches) {
  order.reserve(max_matches);
}

std::int32_t count_one_to_one(const Matches& matches, const std::uint8_t* inlier_mask, const Affine& model,
                              OneToOneScratch* scratch) {
  auto& [order, residual, source, target, source_used, target_used] = *scratch;
  order.clear();
  for (std::int32_t i = 0; i < matches.size; ++i) {
    source_used[i] = target_used[i] = 0;
    if (!inlier_mask[i]) continue;
    order.push_back(i);
    residual[i] = squared_residual(model, matches[i]);
  }
  number_points(matches.source, &order, &source);
  number_points(matches.target, &order, &target);
  std::sort(order.begin(), order.end(), [&residual = residual](std::int32_t i, std::int32_t j) {
    return std::make_pair(residual[i], i) < std::make_pair(residual[j], j);
  });
  std::int32_t count = 0;
  for (const std::int32_t i : order) {
    if (source_used[source[i]] || target_used[target[i]]) continue;
    source_used[source[i]] = target_used[target[i]] = 1;
    ++count;
  }
  return count;
}

}  // namespace fastdct::ransac
