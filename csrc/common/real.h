// Arithmetic that kernels share between one float (a GPU thread, a test) and Lanes of them (a CPU vector).
//
// Every operation rounds once and is named, so that the compiler has nothing to choose: float on any machine,
// on a GPU, and each lane of a vector get the same bits. Compiled without implicit contraction
// (-ffp-contract=off, nvcc -fmad=false).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#include "common/host_device.h"

namespace fastdct {

// a b + c
FASTDCT_HD float fused(float a, float b, float c) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(a, b, c);
#else
  return __builtin_fmaf(a, b, c);
#endif
}

// c - a b
FASTDCT_HD float fused_negative(float a, float b, float c) { return fused(-a, b, c); }

FASTDCT_HD float select(bool chosen, float yes, float no) { return chosen ? yes : no; }

// The larger; `floor` if x is not a number.
FASTDCT_HD float at_least(float x, float floor) { return x > floor ? x : floor; }

// x where `chosen`, else zero (also where x is not a number).
FASTDCT_HD float only_where(bool chosen, float x) { return chosen ? x : 0.0f; }

FASTDCT_HD float magnitude(float x) { return x < 0 ? -x : x; }

// In double, where one result is polished and nothing depends on the last bit, these round twice: a fused
// operation is a slow call on machines without it.
FASTDCT_HD double fused(double a, double b, double c) { return a * b + c; }
FASTDCT_HD double fused_negative(double a, double b, double c) { return c - a * b; }
FASTDCT_HD double select(bool chosen, double yes, double no) { return chosen ? yes : no; }
FASTDCT_HD double magnitude(double x) { return x < 0 ? -x : x; }

FASTDCT_HD std::int32_t bits_of(float x) {
  std::int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

// IEEE 754 binary16, which float holds exactly.
FASTDCT_HD float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  std::uint32_t bits = sign | (exponent + 112) << 23 | fraction << 13;  // 112 = 127 - 15, the biases
  if (exponent == 31) bits = sign | 0x7f800000 | fraction << 13;
  if (exponent == 0) {  // zero, or subnormal: steps of 2^-24
    const float magnitude_of = static_cast<float>(fraction) * 0x1p-24f;
    std::memcpy(&bits, &magnitude_of, sizeof bits);
    bits |= sign;
  }
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

}  // namespace fastdct
