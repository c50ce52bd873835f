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
// Any reach of a filter takes the same shared memory, and a sample is transformed once by the thread blocks
// that read it. Horizontal first, always: the other way round the values in between would be fewer by the
// ratio of the window's sides over that of the output's, which is small, and both passes would be needed in
// two kinds.
//
// Values in between: of each row of blocks and lane the 8 vertical frequencies, [num_rows][lanes][8]; a pass
// reads and writes whole sectors of 32 bytes of them. They are floats: half the bytes would not keep to the
// exactness asked for.
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
  static constexpr int kUnits = kThreads / kLanes;
  static constexpr int kSamples = kUnits * kBlockSide;
  // With 8 lanes a warp stores 4 units at once, which the padding puts into different banks.
  static constexpr int kPitch = kBlockSide * kLanes + (kLanes < 32 ? kLanes : 0);

  FASTDCT_HD void store(int thread, const float x[kBlockSide]) {
    float* to = samples + thread / kLanes * kPitch + thread % kLanes;
    for (int i = 0; i < kBlockSide; ++i) to[i * kLanes] = x[i];
  }
  FASTDCT_HD float at(int sample, int lane) const {
    return samples[sample / kBlockSide * kPitch + sample % kBlockSide * kLanes + lane];
  }

  float samples[kUnits * kPitch];
};

// An axis under the output blocks of a thread block.
struct Walk {
  AxisWeights axis;
  int stride;
  int first_output;
  int num_outputs;  // of the whole axis
  Range blocks;     // input blocks read

  FASTDCT_HD int num_steps(int units) const { return (blocks.size() + units - 1) / units; }

  template <class Tile>
  FASTDCT_HD void add(int step, int thread, const Tile& tile, float sums[kBlockSide]) const {
    const int output = first_output + thread / Tile::kLanes, lane = thread % Tile::kLanes;
    if (output >= num_outputs) return;
    const int origin = (blocks.begin + step * Tile::kUnits) * kBlockSide;
    FASTDCT_UNROLL
    for (int i = 0; i < kBlockSide; ++i) {
      const int at = output * kBlockSide + i;
      const Range samples = axis.samples[at];
      const Range present = common_part(samples, {origin, origin + Tile::kSamples});
      const float* weights = axis.weights + static_cast<int64_t>(at) * stride;
      for (int x = present.begin; x < present.end; ++x)
        sums[i] = fused(weights[x - samples.begin], tile.at(x - origin, lane), sums[i]);
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
// output column o. Neighbours are columns, as in the tensor; of samples those of a block.
struct Lanes {
  int num_columns;
  int count;  // of k
  bool samples;

  FASTDCT_HD Lanes(const DeviceAssembly& assembly, const PlaneJob& job)
      : num_columns(job.output_cols),
        count(assembly.columns[job.transpose][job.component].count),
        samples(assembly.is_rgb) {}
  FASTDCT_HD int size() const { return num_columns * count; }
  FASTDCT_HD int of(int k, int column) const {
    return samples ? column * count + k : k * num_columns + column;
  }
  FASTDCT_HD int k(int lane) const { return samples ? lane % count : lane / num_columns; }
  FASTDCT_HD int column(int lane) const { return samples ? lane / count : lane % num_columns; }
};

}  // namespace fastdct::dct::device
