// Pixels to blocks of coefficients: the part of the kernel that turns pictures into what a JPEG file holds.
#pragma once
#include "dct/colours.h"
#include "dct/kernel.h"
#include "dct/simd.h"
#include "dct/transform8.h"

namespace fastdct::dct {
namespace {

// Compilers make vectors of this, permutations for the three interleaved bytes included.
void split_colours(const uint8_t* rgb, int count, float* y, float* cb, float* cr) {
  const auto mix = [](const float row[3], const float colours[3]) {
    return row[0] * colours[0] + row[1] * colours[1] + row[2] * colours[2];
  };
  for (int i = 0; i < count; ++i) {
    const float colours[3] = {rgb[3 * i] - 128.0f, rgb[3 * i + 1] - 128.0f, rgb[3 * i + 2] - 128.0f};
    y[i] = mix(kRgbToYcbcr[0], colours);
    cb[i] = mix(kRgbToYcbcr[1], colours);
    cr[i] = mix(kRgbToYcbcr[2], colours);
  }
}

// Lanes are columns x, then, turned, vertical frequencies v; each half has a block of its own. Both
// transforms are scaled by sqrt 8.
void forward_blocks(const float* samples, size_t pitch, int num_blocks, float* blocks) {
  for (int block = 0; block < num_blocks; block += kHalves, samples += kLanes, blocks += 64 * kHalves) {
    Vec x[8];
    for (int i = 0; i < kBlock; ++i) x[i] = load<Vec>(samples + i * pitch);
    forward8(x);
    transpose8(x);
    forward8(x);
    transpose8(x);
    for (int v = 0; v < kBlock; ++v) store(blocks + kBlock * v, low_half(x[v] * 0.125f));
#if defined(__AVX512BW__)
    if (block + 1 < num_blocks)
      for (int v = 0; v < kBlock; ++v) store(blocks + 64 + kBlock * v, high_half(x[v] * 0.125f));
#endif
  }
}

}  // namespace
}  // namespace fastdct::dct
