#include "pipeline/strips.h"

#include <algorithm>

namespace fastdct::pipeline {
namespace {

constexpr size_t kArea = jpeg::kBlockArea;

}  // namespace

void Strips::start(const jpeg::Frame& frame, const dct::Resampler& resampler) {
  const bool alone = frame.num_components == 1;  // T.81, A.2.2: then one block is an MCU
  const auto num_planes = static_cast<size_t>(frame.num_components);
  jpeg::Plane unwanted;
  unwanted.strip.ring_rows = 1;  // a strip, but of no rows
  planes_.assign(num_planes, unwanted);
  rows_of_mcu_.assign(num_planes, 1);
  cols_of_mcu_.assign(num_planes, 1);
  for (size_t i = 0; i < num_planes && !alone; ++i) {
    rows_of_mcu_[i] = static_cast<size_t>(frame.components[i].sampling.vertical);
    cols_of_mcu_[i] = static_cast<size_t>(frame.components[i].sampling.horizontal);
  }
  first_mcu_row_ = SIZE_MAX;
  end_mcu_row_ = 0;
  next_row_.clear();
  for (const dct::Resampler::Group& group : resampler.groups()) {
    next_row_.push_back(static_cast<size_t>(group.range.first_row));
    for (const int plane : group.planes) add_plane(plane, group);
  }
  size_t size = 0;
  for (const jpeg::Plane& plane : planes_) size += plane.strip.ring_rows * plane.strip.num_cols * kArea;
  int16_t* data = blocks_.reserve(size);
  for (jpeg::Plane& plane : planes_) {
    plane.data = data;
    data += plane.strip.ring_rows * plane.strip.num_cols * kArea;
  }
}

// A group of one plane is handed on two rows at a time, so that one row may have to wait for the next row of
// MCUs.
void Strips::add_plane(int index, const dct::Resampler::Group& group) {
  const auto i = static_cast<size_t>(index);
  const size_t rows = rows_of_mcu_[i], cols = cols_of_mcu_[i];
  const auto first_row = static_cast<size_t>(group.range.first_row),
             num_rows = static_cast<size_t>(group.range.num_rows);
  const auto first_col = static_cast<size_t>(group.range.first_col),
             num_cols = static_cast<size_t>(group.range.num_cols);
  jpeg::Strip& strip = planes_[i].strip;
  strip.first_row = first_row;
  strip.num_rows = num_rows;
  strip.first_col = first_col / cols * cols;
  strip.num_cols = first_col + num_cols - strip.first_col;
  strip.ring_rows = rows + (group.planes.size() == 1 ? 1 : 0);
  first_mcu_row_ = std::min(first_mcu_row_, first_row / rows);
  end_mcu_row_ = std::max(end_mcu_row_, (first_row + num_rows + rows - 1) / rows);
}

const int16_t* Strips::row(const dct::Resampler::Group& group, int plane, size_t row) const {
  const jpeg::Plane& from = planes_[static_cast<size_t>(plane)];
  const size_t place = (row - from.strip.first_row) % from.strip.ring_rows * from.strip.num_cols;
  return from.data + (place + static_cast<size_t>(group.range.first_col) - from.strip.first_col) * kArea;
}

void Strips::push(const dct::Resampler& resampler, size_t num_mcu_rows) {
  for (size_t g = 0; g < next_row_.size(); ++g) {
    const dct::Resampler::Group& group = resampler.groups()[g];
    const auto end = static_cast<size_t>(group.range.first_row + group.range.num_rows);
    const size_t decoded = std::min(num_mcu_rows * rows_of_mcu_[static_cast<size_t>(group.planes[0])], end);
    size_t& next = next_row_[g];
    if (group.planes.size() == 2) {
      for (; next < decoded; ++next)
        group.stream->push(row(group, group.planes[0], next), row(group, group.planes[1], next));
      continue;
    }
    for (; next + 1 < decoded; next += 2)
      group.stream->push(row(group, group.planes[0], next), row(group, group.planes[0], next + 1));
    if (decoded == end && next < end) {
      group.stream->push(row(group, group.planes[0], next), nullptr);
      ++next;
    }
  }
}

}  // namespace fastdct::pipeline
