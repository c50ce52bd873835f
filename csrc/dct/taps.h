// The weights of a whole axis.
#pragma once
#include <cstdint>
#include <vector>

#include "dct/axis.h"

namespace fastdct::dct {

// Output i is the sum over t < count[i] of weights[i * stride + t] * sample[first[i] + t]. Neither the first
// nor the last weight of an output is zero: samples without influence are not asked for.
struct Taps {
  int stride = 0;  // no count is larger
  std::vector<int32_t> first;
  std::vector<int32_t> count;
  std::vector<float> weights;
  bool rising = false;  // first and first + count are known never to fall from an output to the next
};

// Positions and weights are found in double: in float they would be off by up to 6e-3 of a grey level.
// Reuses the memory of `taps`.
void make_taps(const Axis& axis, Taps* taps);

}  // namespace fastdct::dct
