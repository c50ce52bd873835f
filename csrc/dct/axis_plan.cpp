#include "dct/axis_plan.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>

namespace fastdct::dct {
namespace {

constexpr double kSqrt8 = 2.8284271247461903;

struct Matrix8 {
  float of_sample[kBlock][kBlock];  // [sample][frequency]
};

// The orthonormal DCT-II (T.81, A.3.3).
Matrix8 make_dct() {
  Matrix8 matrix;
  for (int u = 0; u < kBlock; ++u)
    for (int x = 0; x < kBlock; ++x)
      matrix.of_sample[x][u] = static_cast<float>((u == 0 ? std::sqrt(0.125) : 0.5) *
                                                  std::cos((2 * x + 1) * u * 3.14159265358979323846 / 16));
  return matrix;
}

const Matrix8& dct() {
  static const Matrix8 matrix = make_dct();
  return matrix;
}

// Samples [low, high) that an output block reads.
struct Span {
  int low;
  int high;
};

void find_spans(const Taps& taps, std::vector<Span>* spans) {
  spans->resize(taps.first.size() / kBlock);
  const int32_t *first = taps.first.data(), *count = taps.count.data();
  for (Span& span : *spans) {
    const int last = kBlock - 1;
    span = {first[0], first[last] + count[last]};
    for (int x = 0; !taps.rising && x < kBlock; ++x) {
      span.low = std::min(span.low, first[x]);
      span.high = std::max(span.high, first[x] + count[x]);
    }
    first += kBlock;
    count += kBlock;
  }
}

int largest(const std::vector<Span>& spans) {
  int size = 0;
  for (const Span& span : spans) size = std::max(size, span.high - span.low);
  return size;
}

void find_extent(const std::vector<Span>& spans, AxisPlan* plan) {
  Span all = spans[0];
  for (const Span& span : spans) {
    all.low = std::min(all.low, span.low);
    all.high = std::max(all.high, span.high);
  }
  plan->first_block = all.low / kBlock;
  plan->num_blocks = (all.high + kBlock - 1) / kBlock - plan->first_block;
}

// After a form is chosen: its unrolled taps may read values before those that have weight, never need later
// ones.
void find_progress(const std::vector<Span>& spans, AxisPlan* plan) {
  const int origin = plan->first_block * kBlock;
  plan->needed.resize(plan->num_outputs);
  plan->oldest.resize(plan->num_outputs);
  int high = 0, oldest = plan->num_blocks * kBlock;
  for (int o = 0; o < plan->num_outputs; ++o) {
    high = std::max(high, spans[o].high);
    plan->needed[o] = (high - origin + kBlock - 1) / kBlock;
  }
  if (plan->form == Form::kSpread) return;                      // nothing is read again
  const size_t reads = plan->first.size() / plan->num_outputs;  // positions to an output block
  const size_t looked_at = plan->rising ? 1 : reads;
  for (int o = plan->num_outputs - 1; o >= 0; --o) {
    for (size_t i = o * reads; i < o * reads + looked_at; ++i) oldest = std::min(oldest, plan->first[i]);
    plan->oldest[o] = oldest;
  }
}

// The plan takes the memory of `taps` and gives it its own.
void take_positions(Taps* taps, AxisPlan* plan) {
  plan->stride = taps->stride;
  plan->weights.swap(taps->weights);
  plan->first.swap(taps->first);
  plan->count.swap(taps->count);
  const int origin = plan->first_block * kBlock;
  for (int32_t& first : plan->first) first -= origin;
}

// Two or three taps for every output, unrolled: an output with fewer reads neighbours with weight zero, moved
// back where it would read past the end.
void plan_few_taps(Taps* taps, AxisPlan* plan) {
  take_positions(taps, plan);
  plan->form = plan->stride == 2 ? Form::kTwoTaps : Form::kThreeTaps;
  const int last_start = plan->num_blocks * kBlock - plan->stride;
  for (size_t i = 0; i < plan->first.size(); ++i) {
    const int excess = plan->first[i] - last_start;
    if (excess <= 0) continue;
    plan->first[i] = last_start;
    const auto weights = plan->weights.begin() + static_cast<ptrdiff_t>(i) * plan->stride;
    std::rotate(weights, weights + plan->stride - excess, weights + plan->stride);
  }
}

void plan_taps(Taps* taps, AxisPlan* plan) {
  take_positions(taps, plan);
  plan->form = Form::kTaps;
}

// R D_in^T: taps over samples become taps over the coefficients of the blocks that hold them.
void plan_coefficient_taps(const Taps& taps, AxisPlan* plan) {
  const Matrix8& matrix = dct();
  plan->form = Form::kTaps;
  const size_t outputs = taps.first.size();
  plan->stride =
      (taps.stride + 2 * (kBlock - 1)) / kBlock * kBlock;  // blocks that `stride` samples can touch
  plan->first.resize(outputs);
  plan->count.resize(outputs);
  plan->weights.assign(outputs * plan->stride, 0.0f);
  float* rows = plan->weights.data();
  for (size_t i = 0; i < outputs; ++i, rows += plan->stride) {
    const int block = taps.first[i] / kBlock, offset = taps.first[i] % kBlock;
    plan->first[i] = (block - plan->first_block) * kBlock;
    plan->count[i] = (offset + taps.count[i] + kBlock - 1) / kBlock * kBlock;
    const float* weights = &taps.weights[i * taps.stride];
    for (int t = 0; t < taps.count[i]; ++t) {
      float* row = rows + (offset + t) / kBlock * kBlock;
      for (int u = 0; u < kBlock; ++u) row[u] += weights[t] * matrix.of_sample[(offset + t) % kBlock][u];
    }
  }
}

// The same, block by block. A block of the coarsest shrinking that gets here weighs on far fewer samples than
// may be in work; a plan that would need more is refused.
bool plan_spread(const Taps& taps, AxisPlan* plan) {
  const Matrix8& matrix = dct();
  const auto blocks = static_cast<size_t>(plan->num_blocks);
  const auto outputs = static_cast<int>(taps.first.size());
  plan->first.assign(blocks, outputs);
  plan->count.assign(blocks, 0);
  const auto for_each_block = [&](int output, auto visit) {
    const int low = taps.first[output] / kBlock,
              high = (taps.first[output] + taps.count[output] - 1) / kBlock;
    for (int block = low; block <= high; ++block) visit(static_cast<size_t>(block - plan->first_block));
  };
  for (int i = 0; i < outputs; ++i)
    for_each_block(i, [&](size_t block) {
      plan->first[block] = std::min(plan->first[block], i);
      plan->count[block] = i + 1 - plan->first[block];
    });
  plan->stride = std::max(*std::max_element(plan->count.begin(), plan->count.end()), 1);
  if (plan->stride > kSpreadSamples / 2) return false;
  plan->form = Form::kSpread;
  plan->weights.assign(blocks * static_cast<size_t>(plan->stride) * kBlock, 0.0f);
  for (int i = 0; i < outputs; ++i)
    for_each_block(i, [&](size_t block) {
      const int origin = (static_cast<int>(block) + plan->first_block) * kBlock - taps.first[i];
      const size_t row =
          block * static_cast<size_t>(plan->stride) + static_cast<size_t>(i - plan->first[block]);
      float* weights = &plan->weights[row * kBlock];
      const float* shares = &taps.weights[static_cast<size_t>(i) * taps.stride];
      for (int x = std::max(0, -origin); x < std::min(kBlock, taps.count[i] - origin); ++x)
        for (int u = 0; u < kBlock; ++u) weights[u] += shares[origin + x] * matrix.of_sample[x][u];
    });
  return true;
}

// row[0 .. 3] += weight * cosines[0 .. 3]
inline void add_scaled(const float* cosines, float weight, float* row) {
  using Four = float __attribute__((vector_size(kMatrixOutputs * sizeof(float))));
  Four sum, scaled;
  std::memcpy(&sum, row, sizeof sum);
  std::memcpy(&scaled, cosines, sizeof scaled);
  sum += scaled * weight;
  std::memcpy(row, &sum, sizeof sum);
}

// D_out R of each output block, over the samples that it reads.
void plan_matrix(const Taps& taps, const std::vector<Span>& spans, int span, AxisPlan* plan) {
  const Matrix8& matrix = dct();
  const int origin = plan->first_block * kBlock, end = plan->num_blocks * kBlock;
  plan->form = Form::kMatrix;
  plan->stride = span;
  plan->first.resize(plan->num_outputs);
  const size_t size = static_cast<size_t>(span) * kMatrixOutputs;
  plan->weights.assign(plan->num_outputs * size, 0.0f);
  for (int o = 0; o < plan->num_outputs; ++o) {
    plan->first[o] = std::min(spans[o].low - origin, end - span);
    float* rows = &plan->weights[o * size];
    for (int x = 0; x < kBlock; ++x) {
      const size_t i = static_cast<size_t>(o) * kBlock + x;
      const float* weights = &taps.weights[i * taps.stride];
      float* row = rows + static_cast<size_t>(taps.first[i] - origin - plan->first[o]) * kMatrixOutputs;
      const float* cosines = matrix.of_sample[x];
      for (int t = 0; t < taps.count[i]; ++t, row += kMatrixOutputs) add_scaled(cosines, weights[t], row);
    }
  }
}

// Vector operations to make one output block in each form; a transform takes about 34.
void choose_form(const std::vector<Span>& spans, Taps* taps, AxisPlan* plan) {
  constexpr double kTransform = 34;
  const double blocks = static_cast<double>(plan->num_blocks) / plan->num_outputs;  // input to output
  const double over_samples = kTransform * blocks + kBlock * taps->stride;
  const double over_coefficients = kBlock * (taps->stride + kBlock - 1);
  plan->inverse = over_samples < over_coefficients;
  if (!plan->inverse) {
    if (!plan->by_block || !plan_spread(*taps, plan)) plan_coefficient_taps(*taps, plan);
    return;
  }
  const int span = largest(spans), size = plan->num_blocks * kBlock;
  const bool few_frequencies = plan->num_frequencies <= kMatrixOutputs && !plan->to_samples;
  const bool cheaper = kMatrixOutputs * span < kBlock * taps->stride + kTransform;
  if (few_frequencies && cheaper && span <= size) return plan_matrix(*taps, spans, span, plan);
  if ((taps->stride == 2 || taps->stride == 3) && taps->stride <= size) return plan_few_taps(taps, plan);
  plan_taps(taps, plan);
}

}  // namespace

void plan_axis(const Axis& axis, int num_frequencies, bool to_samples, bool by_block, AxisPlan* plan) {
  if (plan->ready && plan->axis == axis && plan->num_frequencies == num_frequencies &&
      plan->to_samples == to_samples && plan->by_block == by_block)
    return;
  plan->ready = false;
  thread_local Taps taps;
  thread_local std::vector<Span> spans;
  make_taps(axis, &taps);
  find_spans(taps, &spans);
  plan->axis = axis;
  plan->num_outputs = axis.output_size / kBlock;
  plan->num_frequencies = num_frequencies;
  plan->to_samples = to_samples;
  plan->by_block = by_block;
  plan->rising = taps.rising;
  find_extent(spans, plan);
  choose_form(spans, &taps, plan);
  find_progress(spans, plan);
  plan->input_scale = plan->inverse ? static_cast<float>(1 / kSqrt8) : 1.0f;
  const bool forward = plan->form != Form::kMatrix && !to_samples;
  plan->output_scale = forward ? static_cast<float>(1 / kSqrt8) : 1.0f;
  plan->ready = true;
}

}  // namespace fastdct::dct
