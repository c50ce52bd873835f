// Where the values of one component go: a part of a tensor of the caller's, of any layout and element type.
#pragma once
#include <cstddef>
#include <vector>

#include "common/aligned.h"
#include "dct/kernel.h"

namespace fastdct::dct {

// Strides are in elements. Rows and columns are those of output blocks as the file is stored; a tensor that
// is upright has them exchanged where the file lies on its side.
struct Destination {
  void* data = nullptr;
  Dtype dtype = Dtype::kFloat32;
  int num_rows = 0;
  int num_columns = 0;
  ptrdiff_t row_stride = 0;
  ptrdiff_t column_stride = 0;
  bool reversed = false;  // output block row o becomes row num_rows - 1 - o
};

// One frequency (or sample) of a block that is wanted: element `offset` of the destination's first block.
struct Wanted {
  int v = 0;
  int u = 0;
  ptrdiff_t offset = 0;
  float scale = 1;
  float shift = 0;  // stored value = scale * value + shift
};

// Gathers rows of values until they fill whole cache lines, converts them and writes them out. Tensors are
// larger than caches: written through them, 64 channels of 56 x 56 floats take 70 us, past them 20 to 30.
// Tried: writing each frequency as soon as it is made instead of all of a row at once (+4 % of the whole
// time from file to tensor: past the caches and into them, stores wait for each other), through the caches
// with the lines asked for one row ahead (+5 %), twice as long runs (nothing).
class RowWriter {
 public:
  void start(const Kernel& kernel, const Destination& destination, const std::vector<Wanted>& wanted);

  // Rows come in order: begin() one, put the values of every channel in their places, complete() it. In a
  // place there is room for whole vectors. `channel` may be the number of channels: a place for what nobody
  // wants.
  void begin(int output_row);
  float* place(size_t channel) { return row_ + channel * pitch_; }
  void complete(int output_row);

 private:
  // Neighbours in the tensor are columns, which leave in runs of whole lines where they can; or rows, of a
  // file that lies on its side, which are gathered to be turned; or channels (channels last, samples of a
  // block).
  enum class Order { kColumns, kRows, kChannels };

  int target_row(int output_row) const {
    return destination_.reversed ? destination_.num_rows - 1 - output_row : output_row;
  }
  void choose_order(const std::vector<Wanted>& wanted);
  void write_columns(int row);
  void write_rows(int row);
  void write_channels(int row);
  char* address(ptrdiff_t element) const {
    return static_cast<char*>(destination_.data) +
           element * static_cast<ptrdiff_t>(dtype_size(destination_.dtype));
  }

  const Kernel* kernel_ = nullptr;
  Destination destination_;
  std::vector<ptrdiff_t> offsets_;
  Order order_ = Order::kColumns;
  int rows_per_run_ = 1;
  bool stream_ = false;
  size_t pitch_ = 0;      // floats from one channel to the next
  float* row_ = nullptr;  // the place of the first channel
  AlignedBuffer<float> values_;
};

}  // namespace fastdct::dct
