#include "ransac/problem.h"

#include <algorithm>
#include <cmath>

#include "common/lanes_count.h"
#include "ransac/sample.h"
#include "ransac/score.h"

namespace fastdct::ransac {
namespace {

// Squares of it, and sums of the squares, are still finite in float32.
constexpr float kFarAway = 1e17f;

// The middle of a few finite values: near the keypoints, which is all that float32 needs, however wild some
// of the matches are. A mean is not, and the median of all takes as long as the rest of the preparation.
double middle(const double* coordinates, std::int32_t size) {
  constexpr std::int32_t kSamples = 15;
  double sample[kSamples];
  const std::int32_t step = std::max(1, size / kSamples);
  std::int32_t count = 0;
  for (std::int32_t i = 0; i < size && count < kSamples; i += step) {
    const double value = coordinates[2 * std::int64_t{i}];
    if (std::isfinite(value)) sample[count++] = value;
  }
  if (count == 0) return 0;
  std::nth_element(sample, sample + count / 2, sample + count);
  return sample[count / 2];
}

float in_frame(double value, double centre, double scale) {
  const auto moved = static_cast<float>((value - centre) * scale);
  return std::fabs(moved) < kFarAway ? moved : kFarAway;  // NaN is far away
}

}  // namespace

void Workspace::reserve(std::int32_t max_matches) {
  const auto size = static_cast<size_t>(max_matches);
  for (auto& column : columns_) column.reserve(size + kLanes);
  for (auto& column : shuffled_) column.reserve(size + kMaxRun);
  order_.reserve(size);
}

ProblemView Workspace::prepare(const Matches& matches, double max_error, std::uint64_t seed) {
  const std::int32_t n = matches.size;
  const double* coordinates[4] = {matches.source, matches.source + 1, matches.target, matches.target + 1};
  const double scale = static_cast<double>(kErrorSteps) / max_error;
  double centre[4];
  draw_order(seed, n, order_.data());
  for (int k = 0; k < 4; ++k) {
    centre[k] = middle(coordinates[k], n);
    float* column = columns_[k].data();
    for (std::int32_t i = 0; i < n; ++i) column[i] = in_frame(coordinates[k][2 * std::int64_t{i}], centre[k], scale);
    // The target is far away, the source is not: a far source could be mapped to a far target.
    std::fill(column + n, column + n + kLanes, k < 2 ? 0.0f : kFarAway);
    float* shuffled = shuffled_[k].data();
    for (std::int32_t i = 0; i < n; ++i) shuffled[i] = column[order_.data()[i]];
    for (std::int32_t i = 0; i < kMaxRun; ++i) shuffled[n + i] = shuffled[i];  // n + i may be read and written
  }
  const auto view = [n](const AlignedBuffer<float>(&buffers)[4]) {
    return Columns{{buffers[0].data(), buffers[1].data(), buffers[2].data(), buffers[3].data()}, n};
  };
  return {{{centre[0], centre[1], centre[2], centre[3]}, scale}, view(columns_), view(shuffled_)};
}

}  // namespace fastdct::ransac
