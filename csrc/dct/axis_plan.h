// How a kernel walks along one axis: what it reads, in which form, and when an output block has its inputs.
#pragma once
#include <cstdint>
#include <vector>

#include "dct/taps.h"

namespace fastdct::dct {

constexpr int kBlock = 8;

// What an output block is made of. Every form computes the same numbers, D_out R D_in^T x, at another price.
enum class Form {
  kTwoTaps,    // each of 8 output samples from 2 neighbouring values; then a DCT
  kThreeTaps,  // the same from 3 (enlarging chroma of half the size)
  kTaps,       // the same from any number
  kMatrix,     // the first 4 frequencies straight from the values under it: D_out R in one small matrix
  kSpread,     // as kTaps from coefficients, the other way round: each input block is added to the output
               // samples that it weighs on while its coefficients are in registers
};

constexpr int kMatrixOutputs = 4;

struct AxisPlan {
  Axis axis;
  int num_outputs = 0;      // output blocks
  int num_frequencies = 0;  // wanted of every output block: the first so many; 8 for samples
  bool to_samples = false;  // leave samples: no DCT at the end
  int first_block = 0;      // of the component; all positions below count from its first value
  int num_blocks = 0;
  bool by_block = false;  // blocks come one by one along the axis: kSpread may be used

  // Values are samples, made by an inverse DCT of each block as it is loaded, or coefficients as they are,
  // with D_in^T multiplied into the weights. Coefficients win when shrinking: each weighs on few outputs
  // then.
  bool inverse = true;
  Form form = Form::kTaps;

  // taps:   first value read, values read and weights of each of 8 num_outputs samples, [8
  // num_outputs][stride] matrix: first value read of each of num_outputs blocks, [num_outputs][stride
  // values][4] spread: first sample added to, and number of them, of each of num_blocks, [num_blocks][stride
  // samples][8]
  int stride = 0;
  std::vector<int32_t> first;
  bool rising = false;         // `first` is known never to fall
  std::vector<int32_t> count;  // not used where it is the same for all
  std::vector<float> weights;

  // Output blocks 0 .. o are complete with the input blocks before needed[o]; those from o on read no value
  // before oldest[o]. Both rise with o.
  std::vector<int32_t> needed;
  std::vector<int32_t> oldest;

  // Transforms are scaled by sqrt 8 so that they need fewer multiplications; these put it right, once at each
  // end.
  float input_scale = 1;
  float output_scale = 1;

  bool ready = false;
};

// Output samples that may be in work at once in kSpread: those of 8 output blocks and what a block reaches
// beyond.
constexpr int kSpreadSamples = 128;

// Plans an axis, into `plan`, whose memory is reused; does nothing if it holds that plan already.
void plan_axis(const Axis& axis, int num_frequencies, bool to_samples, bool by_block, AxisPlan* plan);

}  // namespace fastdct::dct
