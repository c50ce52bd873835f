// The two passes that do the arithmetic, compiled once per instruction set. Whoever calls them owns all
// memory.
//
// Horizontal pass, for each row of blocks:  load, inverse DCT over u, resample, DCT over u', turn, inverse
// DCT over v. Vertical pass, for each output block row: resample, DCT over v', scale and offset, store. Lanes
// are vertical frequencies v in the first pass and output blocks in the second, so that no lane ever needs
// its neighbour; the one transposition in between costs 3 shuffles a vector.
#pragma once
#include <cstddef>
#include <cstdint>

#include "common/cpu_level.h"
#include "dct/axis_plan.h"
#include "dct/dtype.h"

namespace fastdct::dct {

// Rows of values between the passes. Value row y of the wanted horizontal frequency number k:
// one float for each output block, at y * pitch + k * stride. Both are multiples of 16.
struct HorizontalPass {
  const AxisPlan* axis;
  const float* scales;         // [8 u][2 rows][8 v]: what a coefficient of each block row is multiplied by
  const uint8_t* frequencies;  // the wanted u', rising
  int num_frequencies;
  bool inverse_vertical;  // leave samples along columns, not coefficients
  bool mirrored;          // output block o goes to place num_outputs - 1 - o
  size_t pitch;
  size_t stride;
  float* values;  // scratch, values_size(axis) floats; for kSpread all zero, and left so
};

constexpr int kMaxLanes = 16;
inline size_t values_size(const AxisPlan& axis) {
  if (axis.form == Form::kSpread) return kSpreadSamples * kMaxLanes;
  return (static_cast<size_t>(axis.num_blocks) * kBlock + kBlock) * kMaxLanes;
}

struct VerticalPass {
  const AxisPlan* axis;
  const float* rows;  // value row `first_row` of one horizontal frequency
  int first_row;
  size_t pitch;
  int num_columns;  // output blocks along the row
};

// Where the 8 vertical frequencies of one horizontal one go: to[v][column] = value * scale[v] + offset[v].
// Those from `count` on are not stored; none of the others is null.
struct VerticalTargets {
  int count;
  float* to[kBlock];
  float scale[kBlock];
  float offset[kBlock];
};

struct Kernel {
  // Two rows of blocks, b possibly null, from the axis' first block on; 8 value rows each to rows_a and
  // rows_b.
  void (*horizontal)(const HorizontalPass&, const int16_t* a, const int16_t* b, float* rows_a, float* rows_b);
  void (*horizontal_floats)(const HorizontalPass&, const float* a, const float* b, float* rows_a,
                            float* rows_b);
  void (*vertical)(const VerticalPass&, int output, const VerticalTargets&);
  // Converts, rounding to nearest even, integers saturated. `stream`: past the caches; then `to` must be
  // aligned to a cache line, `count` fill whole lines, and finish() be called before another thread looks.
  void (*write)(const float* from, size_t count, Dtype dtype, bool stream, void* to);
  void (*finish)();
  // Converts and turns: column c of the rows, `pitch` floats apart, goes to where c * column_bytes points to.
  // Whole tiles of 8 rows and kMaxLanes columns are read.
  void (*turn)(const float* from, size_t pitch, int rows, int columns, Dtype dtype, void* to,
               ptrdiff_t column_bytes);
  // RGB bytes to level-shifted Y, Cb and Cr.
  void (*split_colours)(const uint8_t* rgb, int count, float* y, float* cb, float* cr);
  // 8 rows of samples, `pitch` apart, to a row of blocks in natural order. Whole vectors are read.
  void (*forward)(const float* samples, size_t pitch, int num_blocks, float* blocks);
};

const Kernel& portable_kernel();
#if defined(__x86_64__)
const Kernel& avx2_kernel();
const Kernel& avx512_kernel();
#endif

const Kernel& kernel_for(CpuLevel level);

}  // namespace fastdct::dct
