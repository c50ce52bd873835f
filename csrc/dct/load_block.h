// Blocks into vectors: x[u] holds frequency (v, u) in lane v, of block a in the first half, of b in the
// second.
#pragma once
#include "dct/kernel.h"
#include "dct/simd.h"

namespace fastdct::dct {
namespace {

#if defined(__AVX512BW__)

using Words = int16_t __attribute__((vector_size(64)));  // half a block: 4 rows of 8

// Columns 0 .. 3 of a block, or 4 .. 7, one after the other, from its rows 0 .. 3 and 4 .. 7.
FASTDCT_INLINE Words columns_low(Words upper, Words lower) {
  return __builtin_shufflevector(upper, lower, 0, 8, 16, 24, 32, 40, 48, 56, 1, 9, 17, 25, 33, 41, 49, 57, 2,
                                 10, 18, 26, 34, 42, 50, 58, 3, 11, 19, 27, 35, 43, 51, 59);
}
FASTDCT_INLINE Words columns_high(Words upper, Words lower) {
  return __builtin_shufflevector(upper, lower, 4, 12, 20, 28, 36, 44, 52, 60, 5, 13, 21, 29, 37, 45, 53, 61,
                                 6, 14, 22, 30, 38, 46, 54, 62, 7, 15, 23, 31, 39, 47, 55, 63);
}
// Columns 0 and 1 of a and b, or 2 and 3, side by side.
FASTDCT_INLINE Words beside_low(Words a, Words b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 32, 33, 34, 35, 36, 37, 38, 39, 8, 9, 10, 11,
                                 12, 13, 14, 15, 40, 41, 42, 43, 44, 45, 46, 47);
}
FASTDCT_INLINE Words beside_high(Words a, Words b) {
  return __builtin_shufflevector(a, b, 16, 17, 18, 19, 20, 21, 22, 23, 48, 49, 50, 51, 52, 53, 54, 55, 24, 25,
                                 26, 27, 28, 29, 30, 31, 56, 57, 58, 59, 60, 61, 62, 63);
}
FASTDCT_INLINE Vec floats_low(Words w) {
  return to_floats(__builtin_shufflevector(w, w, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}
FASTDCT_INLINE Vec floats_high(Words w) {
  return to_floats(
      __builtin_shufflevector(w, w, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31));
}

FASTDCT_INLINE void load_columns(const int16_t* a, const int16_t* b, Vec x[8]) {
  const Words a0 = load<Words>(a), a1 = load<Words>(a + 32), b0 = load<Words>(b), b1 = load<Words>(b + 32);
  const Words a_low = columns_low(a0, a1), a_high = columns_high(a0, a1);
  const Words b_low = columns_low(b0, b1), b_high = columns_high(b0, b1);
  const Words pairs[4] = {beside_low(a_low, b_low), beside_high(a_low, b_low), beside_low(a_high, b_high),
                          beside_high(a_high, b_high)};
  for (int i = 0; i < 4; ++i) {
    x[2 * i] = floats_low(pairs[i]);
    x[2 * i + 1] = floats_high(pairs[i]);
  }
}

FASTDCT_INLINE void load_columns(const float* a, const float* b, Vec x[8]) {
  for (int v = 0; v < 8; ++v) x[v] = join(load<Half>(a + 8 * v), load<Half>(b + 8 * v));
  transpose8(x);
}

#else

FASTDCT_INLINE Row low_words(Row a, Row b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
FASTDCT_INLINE Row high_words(Row a, Row b) {
  return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

// Three rounds of perfect shuffles of rows i and i + 4 turn a matrix of 8x8.
FASTDCT_INLINE void load_columns(const int16_t* a, const int16_t*, Vec x[8]) {
  Row rows[8], turned[8];
  for (int v = 0; v < 8; ++v) rows[v] = load<Row>(a + 8 * v);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      turned[2 * i] = low_words(rows[i], rows[i + 4]);
      turned[2 * i + 1] = high_words(rows[i], rows[i + 4]);
    }
    for (int i = 0; i < 8; ++i) rows[i] = turned[i];
  }
  for (int u = 0; u < 8; ++u) x[u] = to_floats(rows[u]);
}

FASTDCT_INLINE void load_columns(const float* a, const float*, Vec x[8]) {
  for (int v = 0; v < 8; ++v) x[v] = load<Vec>(a + 8 * v);
  transpose8(x);
}

#endif

}  // namespace
}  // namespace fastdct::dct
