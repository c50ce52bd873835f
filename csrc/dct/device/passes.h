// The two passes of the resampling, as the threads of a GPU do them: what kernel.h is for vectors.
//
// Both are the same walk along one axis. A thread block makes some neighbouring output blocks. It takes the
// input blocks under them step by step: every thread turns 8 coefficients along the axis into samples in the
// tile that all share; after a barrier every thread adds, to the 8 sums of its output block, the samples in
// the tile that have weight in it; in the end it transforms the sums and stores them. Lanes lie across the
// axis and never need each other:
//
//   horizontal  unit: block of a row     lane: vertical frequency v, 8       out: float values
//   vertical    unit: block of a column  lane: (output column, u'), 32       out: elements of tensors
//
// Any reach of a filter takes the same shared memory. Horizontal first, always: the other way round the
// values in between would be fewer or more by the ratio of the window's aspect to the output's, which is near
// one.
//
// Values in between: of each row of blocks and lane the 8 vertical frequencies, [num_rows][lanes][8]; a pass
// reads and writes whole sectors of 32 bytes of them. They are floats: half the bytes would not keep to the
// exactness asked for.
//
// Estimated, not measured, for 64 channels of 448 x 448 from half of a photo of 500 x 375, 4:2:0: 0.33 MB of
// coefficients read, 0.66 MB of values written and read about 1.3 times, 0.8 MB of floats written, 0.5 us of
// an H200's memory; 1.8 million instructions of warps, 2 us if it issues all it can: these are the bound.
// With channels last a warp's stores fall into 16 sectors (32 of floats) instead of 4, 1 us more. Matrix
// products instead, which have A_v and A_h as dense matrices, would take 0.4 GFLOP, 6 us, and their making;
// tensor cores are fast enough only with 10 bits of mantissa.
#pragma once
#include "common/real.h"
#include "dct/device/axis_weights.h"
#include "dct/transform8.h"

namespace fastdct::dct::device {

constexpr int kThreads = 256;

// A transform comes out sqrt 8 too large: this puts right those of both axes.
constexpr float kTransformScale = 0.125f;

// The samples of one step.
template <int kNumLanes>
struct Tile {
  static constexpr int kLanes = kNumLanes;
  static constexpr int kOutputs = kThreads / kLanes;  // output blocks of a thread block
  // Of enlarging and of shrinking by less than about two one step is all, and that is most of training.
  static constexpr int kUnits = 2 * kOutputs;
  static constexpr int kSamples = kUnits * kBlockSide;
  // Floats from a sample to the next. With 8 lanes a warp stores those of 4 units at once, which an odd
  // distance puts into different banks.
  static constexpr int kStride = kLanes < 32 ? kLanes + 1 : kLanes;

  FASTDCT_HD void store(int unit, int lane, const float x[kBlockSide]) {
    float* to = samples + unit * kBlockSide * kStride + lane;
    for (int i = 0; i < kBlockSide; ++i) to[i * kStride] = x[i];
  }

  float samples[kSamples * kStride];
};

struct alignas(16) ShortRow {
  float of[kShortRow];
};

// An axis under the output blocks of a thread block.
struct Walk {
  AxisWeights axis;
  int stride;
  int first_output;
  int num_outputs;  // of the whole axis
  Range blocks;     // input blocks read

  template <class Tile>
  FASTDCT_HD int num_steps() const {
    return (blocks.size() + Tile::kUnits - 1) / Tile::kUnits;
  }

  // Fills a step's tile with what load(block, lane, x) gives, and with zeros behind it, where weights of zero
  // are read.
  template <class Tile, class Load>
  FASTDCT_HD void fill(int step, int thread, Tile* tile, const Load& load) const {
    const int lane = thread % Tile::kLanes;
    for (int unit = thread / Tile::kLanes; unit < Tile::kUnits; unit += Tile::kOutputs) {
      const int block = blocks.begin + step * Tile::kUnits + unit;
      if (block > blocks.end) return;
      float x[kBlockSide] = {};
      if (block < blocks.end) load(block, lane, x);
      tile->store(unit, lane, x);
    }
  }

  // Adds what a step's tile holds to the 8 sums of a thread's output block.
  template <class Tile>
  FASTDCT_HD void add(int step, int thread, const Tile& tile, float sums[kBlockSide]) const {
    const int output = first_output + thread / Tile::kLanes;
    if (output >= num_outputs) return;
    const float* lane = tile.samples + thread % Tile::kLanes;
    if (stride == kShortRow && blocks.size() < Tile::kUnits)
      add_short<Tile>(output * kBlockSide, lane, sums);
    else
      add_any<Tile>(step, output * kBlockSide, lane, sums);
  }

 private:
  // All samples are there, and rows of weights have one length: no branches, a third of the instructions.
  template <class Tile>
  FASTDCT_HD void add_short(int output, const float* lane, float sums[kBlockSide]) const {
    const auto* rows = reinterpret_cast<const ShortRow*>(axis.weights) + output;
    FASTDCT_UNROLL
    for (int i = 0; i < kBlockSide; ++i) {
      const float* sample =
          lane + (axis.samples[output + i].begin - blocks.begin * kBlockSide) * Tile::kStride;
      const ShortRow weights = rows[i];
      FASTDCT_UNROLL
      for (int t = 0; t < kShortRow; ++t) sums[i] = fused(weights.of[t], sample[t * Tile::kStride], sums[i]);
    }
  }

  template <class Tile>
  FASTDCT_HD void add_any(int step, int output, const float* lane, float sums[kBlockSide]) const {
    const int origin = (blocks.begin + step * Tile::kUnits) * kBlockSide;
    FASTDCT_UNROLL
    for (int i = 0; i < kBlockSide; ++i) {
      const Range samples = axis.samples[output + i];
      const Range present = common_part(samples, {origin, origin + Tile::kSamples});
      const float* weight = axis.weights + ((output + i) * stride + present.begin - samples.begin);
      const float* sample = lane + (present.begin - origin) * Tile::kStride;
      for (int left = present.size(); left > 0; --left, ++weight, sample += Tile::kStride)
        sums[i] = fused(*weight, *sample, sums[i]);
    }
  }
};

FASTDCT_HD Walk walk_under(Range outputs, const AxisJob& job, char* workspace) {
  const AxisWeights axis = weights_of(job, workspace);
  const int num_outputs = job.axis.output_size / kBlockSide;
  const int low = axis.blocks[outputs.begin].begin;
  const int high = axis.blocks[smaller(outputs.end, num_outputs) - 1].end;
  return {axis, job.stride, outputs.begin, num_outputs, {low / kBlockSide, (high - 1) / kBlockSide + 1}};
}

// What lies side by side across the vertical axis: wanted horizontal frequency number k, or sample k, of
// output column o. Neighbours are those of the tensor: columns, or all k of one where they are samples or
// channels come last.
struct Lanes {
  int num_columns;
  int count;  // of k
  bool by_column;

  FASTDCT_HD Lanes(const DeviceAssembly& assembly, const PlaneJob& job)
      : num_columns(job.output_cols),
        count(assembly.columns[job.transpose][job.component].count),
        by_column(assembly.is_rgb || assembly.channels_last) {}
  FASTDCT_HD int size() const { return num_columns * count; }
  FASTDCT_HD int of(int k, int column) const {
    return by_column ? column * count + k : k * num_columns + column;
  }
  FASTDCT_HD int k(int lane) const { return by_column ? lane % count : lane / num_columns; }
  FASTDCT_HD int column(int lane) const { return by_column ? lane / count : lane % num_columns; }
};

}  // namespace fastdct::dct::device
