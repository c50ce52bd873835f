#include "dct/stream.h"

#include <algorithm>
#include <cstring>

namespace fastdct::dct {
namespace {

// Rows kept beyond those needed, so that they move down only every so often; few, so that all stay in the
// cache.
constexpr int kSlackRows = 16;

// Value rows that must be held at once for any output: those it reads, and the two block rows that complete
// it.
int rows_held(const AxisPlan& vertical) {
  int held = 0;
  for (int o = 0; o < vertical.num_outputs; ++o)
    held = std::max(held, vertical.needed[o] * kBlock - vertical.oldest[o]);
  return held + 2 * kBlock;
}

}  // namespace

void Stream::start(const Kernel& kernel, const StreamJob& job) {
  kernel_ = &kernel;
  job_ = &job;
  const AxisPlan& horizontal = *job.horizontal;
  find_frequencies();
  pass_.axis = &horizontal;
  pass_.scales = scales_.data();
  pass_.frequencies = frequencies_.data();
  pass_.inverse_vertical = job.vertical->inverse;
  pass_.mirrored = job.mirrored;
  pass_.stride = round_up(horizontal.num_outputs, kMaxLanes);
  // An odd number of cache lines, so that the rows of a column do not fall into the same set.
  pass_.pitch = pass_.num_frequencies * pass_.stride + kMaxLanes;
  pass_.pitch += pass_.pitch / kMaxLanes % 2 == 0 ? kMaxLanes : 0;
  pass_.values = values_.reserve(values_size(horizontal));
  if (horizontal.form == Form::kSpread) std::fill_n(pass_.values, values_size(horizontal), 0.0f);
  capacity_ = rows_held(*job.vertical) + kSlackRows;
  first_row_ = num_rows_ = next_output_ = 0;
  fill_scales(job.components[0], 0);
  fill_scales(job.components[job.num_components - 1], 1);
  for (int i = 0; i < job.num_components; ++i) start_component(job.components[i], &components_[i]);
}

void Stream::fill_scales(const ComponentJob& job, int row) {
  const float scale = job_->horizontal->input_scale * job_->vertical->input_scale;
  for (int u = 0; u < kBlock; ++u)
    for (int v = 0; v < kBlock; ++v) scales_[16 * u + 8 * row + v] = job.quantization[8 * v + u] * scale;
}

void Stream::find_frequencies() {
  std::array<bool, kBlock> used{};
  for (int i = 0; i < job_->num_components; ++i)
    for (const Wanted& wanted : job_->components[i].wanted) used[wanted.u] = true;
  pass_.num_frequencies = 0;
  for (int u = 0; u < kBlock; ++u)
    if (used[u]) frequencies_[pass_.num_frequencies++] = static_cast<uint8_t>(u);
}

void Stream::start_component(const ComponentJob& job, Component* component) {
  // Forms that are the same for every output may read rows that have not come yet, with weight zero.
  component->rows.reserve((static_cast<size_t>(capacity_) + job_->vertical->stride) * pass_.pitch);
  component->writer.start(*kernel_, job.destination, job.wanted);
  component->targets.assign(pass_.num_frequencies, VerticalTargets{});
  component->channels.resize(pass_.num_frequencies);
  for (auto& channels : component->channels) channels.fill(job.wanted.size());
  const float output_scale = job_->horizontal->output_scale * job_->vertical->output_scale;
  for (size_t channel = 0; channel < job.wanted.size(); ++channel) {
    const Wanted& wanted = job.wanted[channel];
    const auto begin = frequencies_.begin(), end = begin + pass_.num_frequencies;
    const auto k = static_cast<size_t>(std::find(begin, end, wanted.u) - begin);
    VerticalTargets& targets = component->targets[k];
    targets.count = std::max(targets.count, wanted.v + 1);
    targets.scale[wanted.v] = wanted.scale * output_scale;
    targets.offset[wanted.v] = wanted.shift;
    component->channels[k][wanted.v] = channel;
  }
}

float* Stream::row(int component, int index) {
  return components_[component].rows.data() + static_cast<size_t>(index - first_row_) * pass_.pitch;
}

void Stream::make_room(int num_rows) {
  if (num_rows_ + num_rows - first_row_ <= capacity_) return;
  const int oldest = std::min(job_->vertical->oldest[next_output_], num_rows_);
  const size_t kept = static_cast<size_t>(num_rows_ - oldest) * pass_.pitch;
  for (int i = 0; i < job_->num_components; ++i)
    std::memmove(row(i, first_row_), row(i, oldest), kept * sizeof(float));
  first_row_ = oldest;
}

template <typename T, typename Pass>
void Stream::push_rows(Pass horizontal, const T* a, const T* b) {
  if (done()) return;
  const bool pair = job_->num_components == 2;
  const int num_rows = pair || b == nullptr ? kBlock : 2 * kBlock;
  make_room(num_rows);
  horizontal(pass_, a, b, row(0, num_rows_), pair ? row(1, num_rows_) : row(0, num_rows_ + kBlock));
  num_rows_ += num_rows;
  emit_finished();
}

void Stream::emit_finished() {
  const AxisPlan& vertical = *job_->vertical;
  for (; !done() && vertical.needed[next_output_] * kBlock <= num_rows_; ++next_output_)
    for (int i = 0; i < job_->num_components; ++i) emit(i, next_output_);
}

void Stream::emit(int index, int output) {
  Component& component = components_[index];
  const AxisPlan& vertical = *job_->vertical;
  component.writer.begin(output);
  VerticalPass pass{&vertical, nullptr, first_row_, pass_.pitch, job_->horizontal->num_outputs};
  for (int k = 0; k < pass_.num_frequencies; ++k) {
    VerticalTargets& targets = component.targets[k];
    if (targets.count == 0) continue;
    for (int v = 0; v < targets.count; ++v) targets.to[v] = component.writer.place(component.channels[k][v]);
    pass.rows = component.rows.data() + k * pass_.stride;
    kernel_->vertical(pass, output, targets);
  }
  component.writer.complete(output);
}

template void Stream::push_rows(decltype(Kernel::horizontal), const int16_t*, const int16_t*);
template void Stream::push_rows(decltype(Kernel::horizontal_floats), const float*, const float*);

}  // namespace fastdct::dct
