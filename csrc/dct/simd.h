// The thin layer between the kernel and the vector instructions that its file is compiled for. Included by
// kernel_body.h only; everything is local to that file, so that no code for one machine is linked into
// another.
//
//   Vec    kLanes floats: 8 or 16. A half is 8 lanes, and holds what one block has along one axis.
//
// Shuffles act on each half alone and are named after what they pick of a and b, as in the transpositions
// below.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // in GCC 12's own header, bug 105593
#endif
#include <immintrin.h>
#endif

namespace fastdct::dct {
namespace {

#if defined(__AVX512BW__)
constexpr int kLanes = 16;
#else
constexpr int kLanes = 8;
#endif
constexpr int kHalves = kLanes / 8;  // block rows that are worked on at once

using Vec = float __attribute__((vector_size(kLanes * sizeof(float))));
using Half = float __attribute__((vector_size(8 * sizeof(float))));
using Ints = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));
using Shorts = int16_t __attribute__((vector_size(kLanes * sizeof(int16_t))));
using Row = int16_t __attribute__((vector_size(8 * sizeof(int16_t))));  // a row of a block

#define FASTDCT_INLINE __attribute__((always_inline)) inline

template <typename V, typename T>
FASTDCT_INLINE V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <typename V, typename T>
FASTDCT_INLINE void store(T* p, V v) {
  std::memcpy(p, &v, sizeof v);
}

FASTDCT_INLINE Vec splat(float value) { return value - Vec{}; }
FASTDCT_INLINE Vec to_floats(Shorts values) {
#if defined(__AVX512BW__)  // GCC 12 widens in two halves otherwise
  return (Vec)_mm512_cvtepi32_ps(_mm512_cvtepi16_epi32((__m256i)values));
#else
  return __builtin_convertvector(__builtin_convertvector(values, Ints), Vec);
#endif
}

#if defined(__AVX512BW__)
FASTDCT_INLINE Half low_half(Vec v) { return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7); }
FASTDCT_INLINE Half high_half(Vec v) { return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15); }
FASTDCT_INLINE Vec join(Half a, Half b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
FASTDCT_INLINE Vec unpack_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
}
FASTDCT_INLINE Vec unpack_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
}
FASTDCT_INLINE Vec pairs_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
}
FASTDCT_INLINE Vec pairs_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}
FASTDCT_INLINE Vec quads_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
}
FASTDCT_INLINE Vec quads_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
}
#else
FASTDCT_INLINE Half low_half(Vec v) { return v; }
FASTDCT_INLINE Vec unpack_low(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
}
FASTDCT_INLINE Vec unpack_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
}
FASTDCT_INLINE Vec pairs_low(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13); }
FASTDCT_INLINE Vec pairs_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
}
FASTDCT_INLINE Vec quads_low(Vec a, Vec b) { return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11); }
FASTDCT_INLINE Vec quads_high(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}
#endif

// x[i] lane j becomes x[j] lane i, in each half.
FASTDCT_INLINE void transpose8(Vec x[8]) {
  Vec pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = unpack_low(x[i], x[i + 1]);  // lanes 0 and 1, then 4 and 5, of rows i and i + 1
    pairs[i + 1] = unpack_high(x[i], x[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    quads[i] = pairs_low(pairs[i], pairs[i + 2]);  // lane 0, then 4, of rows i .. i + 3
    quads[i + 1] = pairs_high(pairs[i], pairs[i + 2]);
    quads[i + 2] = pairs_low(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = pairs_high(pairs[i + 1], pairs[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    x[i] = quads_low(quads[i], quads[i + 4]);
    x[i + 4] = quads_high(quads[i], quads[i + 4]);
  }
}

}  // namespace
}  // namespace fastdct::dct
