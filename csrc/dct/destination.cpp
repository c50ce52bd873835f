#include "dct/destination.h"

#include <cstdint>

namespace fastdct::dct {
namespace {

// More rows than this are not gathered for the sake of whole lines: they would leave the caches themselves.
constexpr int kMaxRowsPerRun = 4;

bool whole_lines(const Destination& to, const std::vector<Wanted>& wanted, int rows) {
  const size_t size = dtype_size(to.dtype);
  bool aligned = reinterpret_cast<uintptr_t>(to.data) % kCacheLine == 0 && to.num_rows % rows == 0;
  aligned = aligned && rows * to.num_columns * size % kCacheLine == 0;
  for (const Wanted& one : wanted) aligned = aligned && one.offset * size % kCacheLine == 0;
  return aligned;
}

}  // namespace

void RowWriter::start(const Kernel& kernel, const Destination& destination,
                      const std::vector<Wanted>& wanted) {
  kernel_ = &kernel;
  destination_ = destination;
  offsets_.clear();
  for (const Wanted& one : wanted) offsets_.push_back(one.offset);
  stream_ = false;
  rows_per_run_ = 1;
  if (destination.column_stride == 1 && destination.row_stride == destination.num_columns)
    for (int rows = 1; rows <= kMaxRowsPerRun && !stream_; rows *= 2)
      if (whole_lines(destination, wanted, rows)) {
        stream_ = true;
        rows_per_run_ = rows;
      }
  pitch_ = round_up(static_cast<size_t>(rows_per_run_) * destination.num_columns, kMaxLanes) + kMaxLanes;
  values_.reserve(pitch_ * (wanted.size() + 1));
}

void RowWriter::begin(int output_row) {
  const int slot = target_row(output_row) % rows_per_run_;
  row_ = values_.data() + static_cast<size_t>(slot) * destination_.num_columns;
}

void RowWriter::complete(int output_row) {
  const int row = target_row(output_row);
  const int last_of_run = destination_.reversed ? 0 : rows_per_run_ - 1;
  if (row % rows_per_run_ != last_of_run) return;
  if (destination_.column_stride == 1) return write_runs(row / rows_per_run_ * rows_per_run_);
  write_scattered(row);
}

void RowWriter::write_runs(int row) {
  const size_t size = dtype_size(destination_.dtype);
  const size_t count = static_cast<size_t>(rows_per_run_) * destination_.num_columns;
  char* begin = static_cast<char*>(destination_.data) + row * destination_.row_stride * size;
  for (size_t channel = 0; channel < offsets_.size(); ++channel)
    kernel_->write(values_.data() + channel * pitch_, count, destination_.dtype, stream_,
                   begin + offsets_[channel] * static_cast<ptrdiff_t>(size));
}

// Neighbours in memory are channels (channels last, the inner loop) or lie a column of the tensor apart.
template <typename Element>
void RowWriter::scatter(Element* to) const {
  const auto* from = reinterpret_cast<const Element*>(converted_.data());
  const size_t num_columns = destination_.num_columns, num_channels = offsets_.size();
  for (size_t column = 0; column < num_columns; ++column, to += destination_.column_stride)
    for (size_t channel = 0; channel < num_channels; ++channel)
      to[offsets_[channel]] = from[channel * num_columns + column];
}

void RowWriter::write_scattered(int row) {
  const size_t size = dtype_size(destination_.dtype), run = destination_.num_columns * size;
  char* converted = converted_.reserve(run * offsets_.size());
  for (size_t channel = 0; channel < offsets_.size(); ++channel)
    kernel_->write(values_.data() + channel * pitch_, destination_.num_columns, destination_.dtype, false,
                   converted + channel * run);
  char* begin =
      static_cast<char*>(destination_.data) + row * destination_.row_stride * static_cast<ptrdiff_t>(size);
  if (size == 4) return scatter(reinterpret_cast<uint32_t*>(begin));
  if (size == 2) return scatter(reinterpret_cast<uint16_t*>(begin));
  scatter(reinterpret_cast<uint8_t*>(begin));
}

}  // namespace fastdct::dct
