// The kernel, written once: each kernel_*.cpp compiles it for its own instruction set and names its table.
#pragma once
#include "dct/forward.h"
#include "dct/kernel.h"
#include "dct/load_block.h"
#include "dct/simd.h"
#include "dct/transform8.h"
#include "dct/write.h"

namespace fastdct::dct {
namespace {

// One output block along an axis, before its DCT: x[i] from values standing `pitch` floats apart.
// Of two taps the weights sum to one, so the second says it all: a load less, and loads are what bounds this.
template <Form kForm>
FASTDCT_INLINE void resample(const AxisPlan& axis, int output, const float* values, int origin, size_t pitch,
                             Vec x[8]) {
  if constexpr (kForm == Form::kMatrix) {
    const float* row = values + (axis.first[output] - origin) * static_cast<ptrdiff_t>(pitch);
    const float* weights = axis.weights.data() + static_cast<size_t>(output) * axis.stride * kMatrixOutputs;
    for (int u = 0; u < kMatrixOutputs; ++u) x[u] = load<Vec>(row) * weights[u];
    for (int i = 1; i < axis.stride; ++i) {
      const Vec value = load<Vec>(row += pitch);
      weights += kMatrixOutputs;
      for (int u = 0; u < kMatrixOutputs; ++u) x[u] += value * weights[u];
    }
    return;
  }
  const int32_t* first = &axis.first[static_cast<size_t>(output) * kBlock];
  const size_t stride = kForm == Form::kTwoTaps ? 2 : kForm == Form::kThreeTaps ? 3 : axis.stride;
  const float* weights = axis.weights.data() + static_cast<size_t>(output) * kBlock * stride;
  for (int i = 0; i < kBlock; ++i, weights += stride) {
    const float* row = values + (first[i] - origin) * static_cast<ptrdiff_t>(pitch);
    const Vec start = load<Vec>(row);
    if constexpr (kForm == Form::kTwoTaps) {
      x[i] = start + (load<Vec>(row + pitch) - start) * weights[1];
    } else if constexpr (kForm == Form::kThreeTaps) {
      x[i] =
          start * weights[0] + load<Vec>(row + pitch) * weights[1] + load<Vec>(row + 2 * pitch) * weights[2];
    } else {
      const int count = axis.count[static_cast<size_t>(output) * kBlock + i];
      Vec even = start * weights[0], odd{};  // two chains hide the latency of the additions
      int t = 1;
      for (; t + 1 < count; t += 2) {
        odd += load<Vec>(row + t * pitch) * weights[t];
        even += load<Vec>(row + (t + 1) * pitch) * weights[t + 1];
      }
      if (t < count) odd += load<Vec>(row + t * pitch) * weights[t];
      x[i] = even + odd;
    }
  }
}

// Adds an input block, its coefficients in x, to the output samples that it weighs on. A sample's sum is
// loaded and stored once a block, and the products are added up beforehand: the way through memory is what it
// waits for. This took 12 MP from 8.1 to 6.1 ms. Tried on top without gain: as many samples for every block,
// so that the end of the loop is foreseen; leaving out columns 4 .. 7 where neither block has any (6 % with 8
// lanes, nothing with 16). Leaving them out always, which is no longer exact, gains 10 % of 12 MP: too little
// for a mode that would have to be explained, since most of the time goes to Huffman codes.
FASTDCT_INLINE void spread(const AxisPlan& axis, int block, const Vec x[8], float* sums) {
  const float* weights = axis.weights.data() + static_cast<size_t>(block) * axis.stride * kBlock;
  const auto first = static_cast<unsigned>(axis.first[block]);
  const unsigned end = first + static_cast<unsigned>(axis.count[block]);
  for (unsigned sample = first; sample < end; ++sample, weights += kBlock) {
    float* sum = sums + sample % kSpreadSamples * kLanes;
    Vec even = x[0] * weights[0], odd = x[1] * weights[1];
    for (int u = 2; u < kBlock; u += 2) {
      even += x[u] * weights[u];
      odd += x[u + 1] * weights[u + 1];
    }
    store(sum, load<Vec>(sum) + (even + odd));
  }
}

// Takes the 8 sums of an output block away.
FASTDCT_INLINE void take_sums(int output, float* sums, Vec x[8]) {
  float* first = sums + output * kBlock % kSpreadSamples * kLanes;
  for (int i = 0; i < kBlock; ++i) {
    x[i] = load<Vec>(first + i * kLanes);
    store(first + i * kLanes, Vec{});
  }
}

template <Form kForm>
FASTDCT_INLINE void output_block(const AxisPlan& axis, int output, const float* values, int origin,
                                 size_t pitch, Vec x[8]) {
  resample<kForm>(axis, output, values, origin, pitch, x);
  if (kForm != Form::kMatrix && !axis.to_samples) forward8(x);
}

// Glossary of the horizontal pass
//   a, b      the next block of each row; `loaded` blocks of each are already values
//   values    value x of the row in lanes: [8 num_blocks][kLanes], lane = (row, v)
//   group     8 output blocks that stand side by side, whose turned values fill whole vectors of 8 columns
//   place     of an output block along the row: its own number, or counted from the end when mirrored.
//             Groups are visited so that output blocks rise, and blocks are loaded just before the first
//             group that reads them, so that `values` is read while it is still in the first cache.
//             for kSpread the sums of the output samples in work, sample i at i % kSpreadSamples
//   turned    [k][place in group][kLanes]: the wanted frequencies of a group, before transposition
template <typename T, Form kForm>
void horizontal_rows(const HorizontalPass& pass, const T* a, const T* b, const float* scales, float* rows_a,
                     [[maybe_unused]] float* rows_b) {
  const AxisPlan& axis = *pass.axis;
  const int num_groups = (axis.num_outputs + kBlock - 1) / kBlock;
  alignas(64) float turned[kBlock][kBlock][kLanes];
  if (axis.num_outputs % kBlock != 0) std::memset(turned, 0, sizeof turned);
  int loaded = 0;
  for (int step = 0; step < num_groups; ++step) {
    const int group = pass.mirrored ? num_groups - 1 - step : step;
    const int begin = group * kBlock,
              size = axis.num_outputs - begin < kBlock ? axis.num_outputs - begin : kBlock;
    const int last_output = pass.mirrored ? axis.num_outputs - 1 - begin : begin + size - 1;
    for (; loaded < axis.needed[last_output]; ++loaded, a += 64, b += 64) {
      Vec x[8];
      load_columns(a, b, x);
      for (int u = 0; u < kBlock; ++u) x[u] *= load<Vec>(scales + 16 * u);
      if constexpr (kForm == Form::kSpread) {
        spread(axis, loaded, x, pass.values);
        continue;
      }
      if (axis.inverse) inverse8(x);
      float* values = pass.values + static_cast<size_t>(loaded) * kBlock * kLanes;
      for (int i = 0; i < kBlock; ++i) store(values + i * kLanes, x[i]);
    }
    for (int j = 0; j < size; ++j) {
      const int output = pass.mirrored ? axis.num_outputs - 1 - (begin + j) : begin + j;
      Vec x[8];
      if constexpr (kForm == Form::kSpread) {
        take_sums(output, pass.values, x);
        if (!axis.to_samples) forward8(x);
      } else {
        output_block<kForm>(axis, output, pass.values, 0, kLanes, x);
      }
      if constexpr (kForm == Form::kMatrix) {
        for (int u = 0; u < kMatrixOutputs; ++u) store(turned[u][j], x[u]);
      } else {
        for (int u = 0; u < kBlock; ++u) store(turned[u][j], x[u]);
      }
    }
    for (int k = 0; k < pass.num_frequencies; ++k) {
      Vec x[8];
      for (int j = 0; j < kBlock; ++j) x[j] = load<Vec>(turned[pass.frequencies[k]][j]);
      transpose8(x);
      if (pass.inverse_vertical) inverse8(x);
      const size_t place = k * pass.stride + begin;
      for (int y = 0; y < kBlock; ++y) store(rows_a + y * pass.pitch + place, low_half(x[y]));
#if defined(__AVX512BW__)
      if (rows_b != nullptr)
        for (int y = 0; y < kBlock; ++y) store(rows_b + y * pass.pitch + place, high_half(x[y]));
#endif
    }
  }
}

// Vectors of one half take the rows one after the other.
template <typename T, Form kForm>
void horizontal_form(const HorizontalPass& pass, const T* a, const T* b, float* rows_a, float* rows_b) {
  if constexpr (kHalves == 2) {
    horizontal_rows<T, kForm>(pass, a, b == nullptr ? a : b, pass.scales, rows_a,
                              b == nullptr ? nullptr : rows_b);
  } else {
    horizontal_rows<T, kForm>(pass, a, a, pass.scales, rows_a, nullptr);
    if (b != nullptr) horizontal_rows<T, kForm>(pass, b, b, pass.scales + 8, rows_b, nullptr);
  }
}

template <typename T>
void horizontal(const HorizontalPass& pass, const T* a, const T* b, float* rows_a, float* rows_b) {
  switch (pass.axis->form) {
    case Form::kTwoTaps:
      return horizontal_form<T, Form::kTwoTaps>(pass, a, b, rows_a, rows_b);
    case Form::kThreeTaps:
      return horizontal_form<T, Form::kThreeTaps>(pass, a, b, rows_a, rows_b);
    case Form::kTaps:
      return horizontal_form<T, Form::kTaps>(pass, a, b, rows_a, rows_b);
    case Form::kMatrix:
      return horizontal_form<T, Form::kMatrix>(pass, a, b, rows_a, rows_b);
    case Form::kSpread:
      return horizontal_form<T, Form::kSpread>(pass, a, b, rows_a, rows_b);
  }
}

// The first n of a vector's lanes.
FASTDCT_INLINE void store_some(float* to, Vec value, int n) {
#if defined(__AVX512BW__)
  if (n >= 8) {
    store(to, low_half(value));
    if (n == 8) return;
    alignas(32) float rest[8];
    store(rest, high_half(value));
    std::memcpy(to + 8, rest, (n - 8) * sizeof(float));
    return;
  }
#endif
  std::memcpy(to, &value, n * sizeof(float));
}

// kCount: frequencies computed and stored; the compiler drops what the others need.
template <Form kForm, int kCount>
void vertical_rows(const VerticalPass& pass, int output, const VerticalTargets& targets) {
  for (int column = 0; column < pass.num_columns; column += kLanes) {
    Vec x[8];
    output_block<kForm>(*pass.axis, output, pass.rows + column, pass.first_row, pass.pitch, x);
    const int rest = pass.num_columns - column;
    if (rest >= kLanes) {
      for (int v = 0; v < kCount; ++v)
        store(targets.to[v] + column, x[v] * targets.scale[v] + targets.offset[v]);
    } else {
      for (int v = 0; v < kCount; ++v)
        store_some(targets.to[v] + column, x[v] * targets.scale[v] + targets.offset[v], rest);
    }
  }
}

template <Form kForm>
void vertical_form(const VerticalPass& pass, int output, const VerticalTargets& targets) {
  switch (targets.count) {
    case 1:
      return vertical_rows<kForm, 1>(pass, output, targets);
    case 2:
      return vertical_rows<kForm, 2>(pass, output, targets);
    case 3:
      return vertical_rows<kForm, 3>(pass, output, targets);
    case 4:
      return vertical_rows<kForm, 4>(pass, output, targets);
    default:
      break;
  }
  if constexpr (kForm != Form::kMatrix) {
    switch (targets.count) {
      case 5:
        return vertical_rows<kForm, 5>(pass, output, targets);
      case 6:
        return vertical_rows<kForm, 6>(pass, output, targets);
      case 7:
        return vertical_rows<kForm, 7>(pass, output, targets);
      default:
        return vertical_rows<kForm, 8>(pass, output, targets);
    }
  }
}

void vertical(const VerticalPass& pass, int output, const VerticalTargets& targets) {
  switch (pass.axis->form) {
    case Form::kTwoTaps:
      return vertical_form<Form::kTwoTaps>(pass, output, targets);
    case Form::kThreeTaps:
      return vertical_form<Form::kThreeTaps>(pass, output, targets);
    case Form::kTaps:
      return vertical_form<Form::kTaps>(pass, output, targets);
    case Form::kMatrix:
      return vertical_form<Form::kMatrix>(pass, output, targets);
    case Form::kSpread:
      return;  // of horizontal axes only
  }
}

}  // namespace

const Kernel& FASTDCT_KERNEL() {
  static const Kernel kernel{horizontal<int16_t>, horizontal<float>, vertical,      write_elements,
                             finish_streams,      turn_elements,     split_colours, forward_blocks};
  return kernel;
}

}  // namespace fastdct::dct
