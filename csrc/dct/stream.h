// One component, or two that share their geometry, from rows of blocks to a tensor, as the rows arrive.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/aligned.h"
#include "dct/axis_plan.h"
#include "dct/destination.h"
#include "dct/kernel.h"

namespace fastdct::dct {

struct ComponentJob {
  std::array<float, kBlock * kBlock> quantization;  // natural order, as stored
  std::vector<Wanted> wanted;                       // as stored
  Destination destination;
};

struct StreamJob {
  const AxisPlan* horizontal = nullptr;
  const AxisPlan* vertical = nullptr;
  bool mirrored = false;  // columns of output blocks are reversed
  int num_components = 1;
  std::array<ComponentJob, 2> components;
};

// Memory is kept between jobs. Nothing is allocated while rows are pushed.
class Stream {
 public:
  // `job` must outlive the stream's use.
  void start(const Kernel& kernel, const StreamJob& job);

  // The next row(s) of blocks of the vertical axis' range, each from the horizontal axis' first block on.
  // With one component: two rows of it, `b` null if there is no second. With two components: a row of each.
  void push(const int16_t* a, const int16_t* b) { push_rows(kernel_->horizontal, a, b); }
  void push(const float* a, const float* b) { push_rows(kernel_->horizontal_floats, a, b); }

  bool done() const { return next_output_ == job_->vertical->num_outputs; }

 private:
  // One component's values between the passes: rows [first_row_, num_rows_), and where they go.
  struct Component {
    AlignedBuffer<float> rows;
    RowWriter writer;
    std::vector<VerticalTargets> targets;              // of each wanted u; `to` unused
    std::vector<std::array<size_t, kBlock>> channels;  // of each wanted u: the channel of every v
  };

  template <typename T, typename Pass>
  void push_rows(Pass horizontal, const T* a, const T* b);
  void find_frequencies();
  void fill_scales(const ComponentJob& job, int row);
  void start_component(const ComponentJob& job, Component* component);
  void make_room(int num_rows);
  float* row(int component, int index);
  void emit_finished();
  void emit(int component, int output);

  const Kernel* kernel_ = nullptr;
  const StreamJob* job_ = nullptr;
  HorizontalPass pass_{};
  std::array<float, 2 * kBlock * kBlock> scales_{};
  std::array<uint8_t, kBlock> frequencies_{};
  AlignedBuffer<float> values_;
  std::array<Component, 2> components_;
  int capacity_ = 0;     // value rows that `rows` holds
  int first_row_ = 0;    // value row that is kept at its beginning
  int num_rows_ = 0;     // value rows so far
  int next_output_ = 0;  // output block row
};

}  // namespace fastdct::dct
