#include "dct/destination.h"

#include <algorithm>
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
  choose_order(wanted);
  pitch_ = round_up(static_cast<size_t>(rows_per_run_) * destination.num_columns, kMaxLanes) + kMaxLanes;
  values_.reserve(pitch_ * (wanted.size() + kBlock));  // whole tiles are turned
}

void RowWriter::choose_order(const std::vector<Wanted>& wanted) {
  stream_ = false;
  rows_per_run_ = 1;
  order_ = destination_.column_stride == 1 ? Order::kColumns
           : destination_.row_stride == 1  ? Order::kRows
                                           : Order::kChannels;
  if (order_ == Order::kRows) rows_per_run_ = kBlock;
  if (order_ != Order::kColumns || destination_.row_stride != destination_.num_columns) return;
  for (int rows = 1; rows <= kMaxRowsPerRun && !stream_; rows *= 2)
    if (whole_lines(destination_, wanted, rows)) {
      stream_ = true;
      rows_per_run_ = rows;
    }
}

void RowWriter::begin(int output_row) {
  const int slot = target_row(output_row) % rows_per_run_;
  row_ = values_.data() + static_cast<size_t>(slot) * destination_.num_columns;
}

void RowWriter::complete(int output_row) {
  const int row = target_row(output_row), last = destination_.num_rows - 1;
  const bool run_is_full =
      destination_.reversed ? row % rows_per_run_ == 0 : (row + 1) % rows_per_run_ == 0 || row == last;
  if (!run_is_full) return;
  const int first = row / rows_per_run_ * rows_per_run_;
  if (order_ == Order::kColumns) return write_columns(first);
  if (order_ == Order::kRows) return write_rows(first);
  write_channels(first);
}

void RowWriter::write_columns(int row) {
  const size_t count = static_cast<size_t>(rows_per_run_) * destination_.num_columns;
  for (size_t channel = 0; channel < offsets_.size(); ++channel)
    kernel_->write(values_.data() + channel * pitch_, count, destination_.dtype, stream_,
                   address(row * destination_.row_stride + offsets_[channel]));
}

void RowWriter::write_rows(int row) {
  const auto columns = static_cast<size_t>(destination_.num_columns);
  const ptrdiff_t step = address(destination_.column_stride) - address(0);
  const int rows = std::min(rows_per_run_, destination_.num_rows - row);
  for (size_t channel = 0; channel < offsets_.size(); ++channel)
    kernel_->turn(values_.data() + channel * pitch_, columns, rows, destination_.num_columns,
                  destination_.dtype, address(row + offsets_[channel]), step);
}

// Channels that stand side by side go together.
void RowWriter::write_channels(int row) {
  const ptrdiff_t step = address(destination_.column_stride) - address(0);
  for (size_t begin = 0, end; begin < offsets_.size(); begin = end) {
    for (end = begin + 1; end < offsets_.size() && offsets_[end] == offsets_[end - 1] + 1;) ++end;
    kernel_->turn(values_.data() + begin * pitch_, pitch_, static_cast<int>(end - begin),
                  destination_.num_columns, destination_.dtype,
                  address(row * destination_.row_stride + offsets_[begin]), step);
  }
}

}  // namespace fastdct::dct
