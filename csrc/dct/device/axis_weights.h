// The weights of an axis in the workspace of a device: one thread finds those of one output sample.
//
// They are made there because every random crop has its own: shipped, they would be a third as large as the
// compressed file.
#pragma once
#include "dct/device/jobs.h"

namespace fastdct::dct::device {

struct AxisWeights {
  float* weights;  // [output samples][stride]
  Range* samples;  // [output samples]: those with weight
  Range* blocks;   // [output blocks]: all samples that one reads; both ends rise
};

FASTDCT_HD AxisWeights weights_of(const AxisJob& job, char* workspace) {
  const int num_outputs = job.axis.output_size;
  auto* const weights = reinterpret_cast<float*>(workspace + job.weights);
  auto* const samples = reinterpret_cast<Range*>(weights + num_outputs * job.stride);
  return {weights, samples, samples + num_outputs};
}

inline uint64_t weights_bytes(const AxisJob& job) {
  const auto num_outputs = static_cast<uint64_t>(job.axis.output_size);
  const uint64_t ranges = num_outputs + num_outputs / kBlockSide;
  return ranges * sizeof(Range) + num_outputs * static_cast<uint64_t>(job.stride) * sizeof(float);
}

// All samples that output block `block` may read.
FASTDCT_HD Range samples_of_block(const Axis& axis, const Reach& reach, int block) {
  const int first = block * kBlockSide, last = first + kBlockSide - 1;
  return {samples_of(axis, pixels_of(axis, reach, first)).begin,
          samples_of(axis, pixels_of(axis, reach, last)).end};
}

struct FilterWeight {
  const Axis& axis;
  const Reach& reach;
  int output;
  FASTDCT_HD double operator()(int pixel) const { return pixel_weight(axis, reach, output, pixel); }
};

FASTDCT_HD void make_output_weights(const ResampleTask& task, uint32_t index, int output) {
  const AxisJob& job = task.memory.axes[index];
  const Axis& axis = job.axis;
  if (output >= axis.output_size) return;
  const Reach reach(axis);
  const AxisWeights to = weights_of(job, task.memory.workspace);
  const FilterWeight weight{axis, reach, output};
  float* weights = to.weights + output * job.stride;
  const Range samples = write_weights(axis, pixels_of(axis, reach, output), weight, weights);
  for (int t = samples.size(); t < kShortRow; ++t) weights[t] = 0;
  to.samples[output] = samples;
  if (output % kBlockSide == 0)
    to.blocks[output / kBlockSide] = samples_of_block(axis, reach, output / kBlockSide);
}

}  // namespace fastdct::dct::device
