// One axis of a window: which samples of a component make each sample of the output, and with what weights.
// The definition in words and numpy is fastdct/reference/axis.py.
#pragma once
#include <cstdint>
#include <vector>

#include "dct/filter.h"

namespace fastdct::dct {

// Along one axis as stored in the file, from its first sample on: mirroring is left to whoever stores
// results.
struct Axis {
  int picture_size = 0;  // pixels
  double start = 0;      // window [start, stop) in pixels
  double stop = 0;
  int output_size = 0;  // samples, a multiple of 8
  int subsampling = 1;  // pixels to a sample of the component: subsampling / subsampling_divisor >= 1
  int subsampling_divisor = 1;
  Filter filter = Filter::kTriangle;

  bool operator==(const Axis& other) const;
};

// Output i is the sum over t < count[i] of weights[i * stride + t] * sample[first[i] + t]. Neither the first
// nor the last weight of an output is zero: samples without influence are not asked for.
struct Taps {
  int stride = 0;  // the largest count
  std::vector<int32_t> first;
  std::vector<int32_t> count;
  std::vector<float> weights;
  bool rising = false;  // first and first + count are known never to fall from an output to the next
};

// Positions and weights are found in double: in float they would be off by up to 6e-3 of a grey level.
// Reuses the memory of `taps`.
void make_taps(const Axis& axis, Taps* taps);

}  // namespace fastdct::dct
