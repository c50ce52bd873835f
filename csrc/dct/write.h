// Floats into tensors: conversion to the element type, in the caches or past them.
#pragma once
#include "dct/dtype.h"
#include "dct/kernel.h"
#include "dct/simd.h"

namespace fastdct::dct {
namespace {

using Bits16 = uint16_t __attribute__((vector_size(kLanes * sizeof(uint16_t))));
using Words32 = uint32_t __attribute__((vector_size(kLanes * sizeof(uint32_t))));
using Bytes = uint8_t __attribute__((vector_size(kLanes)));

// Adding 1.5 * 2^23 leaves a value rounded to nearest even in the low bits, for |value| < 2^22.
FASTDCT_INLINE Ints rounded(Vec value, float low, float high) {
  const Vec least = splat(low), most = splat(high);
  value = value < least ? least : value;
  value = value > most ? most : value;
  return (Ints)(value + splat(12582912.0f)) - 0x4B400000;
}

struct ToFloat32 {
  using Packed = Vec;
  static FASTDCT_INLINE Vec pack(Vec value) { return value; }
};

struct ToBfloat16 {  // the upper half of a float, rounded to nearest even; values are finite
  using Packed = Bits16;
  static FASTDCT_INLINE Bits16 pack(Vec value) {
    const Words32 bits = (Words32)value;
    return __builtin_convertvector((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16, Bits16);
  }
};

struct ToInt16 {
  using Packed = Shorts;
  static FASTDCT_INLINE Shorts pack(Vec value) {
    return __builtin_convertvector(rounded(value, -32768, 32767), Shorts);
  }
};

struct ToUint8 {
  using Packed = Bytes;
  static FASTDCT_INLINE Bytes pack(Vec value) {
    return __builtin_convertvector(rounded(value, 0, 255), Bytes);
  }
};

struct ToFloat16 {
  using Packed = Bits16;
  static FASTDCT_INLINE Bits16 pack(Vec value) {
#if defined(__AVX512BW__)
    return (Bits16)_mm512_cvtps_ph((__m512)value, _MM_FROUND_TO_NEAREST_INT);
#elif defined(__F16C__)
    return (Bits16)_mm256_cvtps_ph((__m256)value, _MM_FROUND_TO_NEAREST_INT);
#else
    Bits16 packed;
    for (int i = 0; i < kLanes; ++i) packed[i] = half_bits(value[i]);
    return packed;
#endif
  }
};

#if defined(__AVX2__)
template <typename Packed>
FASTDCT_INLINE void stream(void* to, Packed packed) {
  if constexpr (sizeof(Packed) == 32) {
    _mm256_stream_si256(static_cast<__m256i*>(to), (__m256i)packed);
#if defined(__AVX512BW__)
  } else if constexpr (sizeof(Packed) == 64) {
    _mm512_stream_si512(static_cast<__m512i*>(to), (__m512i)packed);
#endif
  } else if constexpr (sizeof(Packed) == 16) {
    _mm_stream_si128(static_cast<__m128i*>(to), (__m128i)packed);
  } else {
    store(static_cast<char*>(to), packed);
  }
}
inline void finish_streams() { _mm_sfence(); }
#else
template <typename Packed>
FASTDCT_INLINE void stream(void* to, Packed packed) {
  store(static_cast<char*>(to), packed);
}
inline void finish_streams() {}
#endif

template <typename Element>
void write_as(const float* from, size_t count, bool stream_out, void* to) {
  using Packed = typename Element::Packed;
  constexpr size_t kSize = sizeof(Packed) / kLanes;
  char* out = static_cast<char*>(to);
  size_t i = 0;
  if (stream_out) {
    for (; i + kLanes <= count; i += kLanes) stream(out + i * kSize, Element::pack(load<Vec>(from + i)));
  } else {
    for (; i + kLanes <= count; i += kLanes) store(out + i * kSize, Element::pack(load<Vec>(from + i)));
  }
  if (i == count) return;
  Vec rest{};
  std::memcpy(&rest, from + i, (count - i) * sizeof(float));
  const Packed packed = Element::pack(rest);
  std::memcpy(out + i * kSize, &packed, (count - i) * kSize);
}

void write_elements(const float* from, size_t count, Dtype dtype, bool stream_out, void* to) {
  switch (dtype) {
    case Dtype::kFloat32:
      return write_as<ToFloat32>(from, count, stream_out, to);
    case Dtype::kBfloat16:
      return write_as<ToBfloat16>(from, count, stream_out, to);
    case Dtype::kFloat16:
      return write_as<ToFloat16>(from, count, stream_out, to);
    case Dtype::kInt16:
      return write_as<ToInt16>(from, count, stream_out, to);
    default:
      return write_as<ToUint8>(from, count, stream_out, to);
  }
}

// The first `count` of 8 packed elements.
template <typename Packed>
FASTDCT_INLINE void store_eighth(char* to, const Packed& packed, int half, int count) {
  constexpr size_t kSize = sizeof(Packed) / kLanes;
  const char* from = reinterpret_cast<const char*>(&packed) + half * 8 * kSize;
  if (count == 8)
    std::memcpy(to, from, 8 * kSize);
  else
    std::memcpy(to, from, count * kSize);
}

// Tiles of 8 rows and as many columns as a vector has. What a tile reads beyond is thrown away.
template <typename Element>
void turn_as(const float* from, size_t pitch, int rows, int columns, char* to, ptrdiff_t column_bytes) {
  constexpr auto kSize = static_cast<ptrdiff_t>(sizeof(typename Element::Packed) / kLanes);
  for (int row = 0; row < rows; row += 8, from += 8 * pitch, to += 8 * kSize) {
    const int count = rows - row < 8 ? rows - row : 8;
    for (int column = 0; column < columns; column += kLanes) {
      Vec x[8];
      for (int i = 0; i < 8; ++i) x[i] = load<Vec>(from + i * pitch + column);
      transpose8(x);
      for (int half = 0; half < kHalves; ++half)
        for (int i = 0; i < 8 && column + 8 * half + i < columns; ++i)
          store_eighth(to + (column + 8 * half + i) * column_bytes, Element::pack(x[i]), half, count);
    }
  }
}

void turn_elements(const float* from, size_t pitch, int rows, int columns, Dtype dtype, void* to,
                   ptrdiff_t column_bytes) {
  char* out = static_cast<char*>(to);
  switch (dtype) {
    case Dtype::kFloat32:
      return turn_as<ToFloat32>(from, pitch, rows, columns, out, column_bytes);
    case Dtype::kBfloat16:
      return turn_as<ToBfloat16>(from, pitch, rows, columns, out, column_bytes);
    case Dtype::kFloat16:
      return turn_as<ToFloat16>(from, pitch, rows, columns, out, column_bytes);
    case Dtype::kInt16:
      return turn_as<ToInt16>(from, pitch, rows, columns, out, column_bytes);
    default:
      return turn_as<ToUint8>(from, pitch, rows, columns, out, column_bytes);
  }
}

}  // namespace
}  // namespace fastdct::dct
