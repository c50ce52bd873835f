// The element types of tensors, and how one value becomes an element: rounded to nearest even, integers
// saturated. Values are finite.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "common/host_device.h"

namespace fastdct::dct {

enum class Dtype { kFloat32, kBfloat16, kFloat16, kInt16, kUint8 };

FASTDCT_HD size_t dtype_size(Dtype dtype) {
  return dtype == Dtype::kFloat32 ? 4 : dtype == Dtype::kUint8 ? 1 : 2;
}

FASTDCT_HD uint32_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

FASTDCT_HD uint16_t bfloat16_bits(float value) {
  const uint32_t bits = float_bits(value);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// IEEE 754 binary16. Values below 2^-14 are shifted so that the rounding of an addition falls on the last bit
// of a subnormal; those of 65520 and more become infinite.
FASTDCT_HD uint16_t half_bits(float value) {
  uint32_t bits = float_bits(value);
  const uint32_t sign = bits >> 16 & 0x8000;
  bits &= 0x7FFFFFFF;
  if (bits >= 0x477FF000) return static_cast<uint16_t>(sign | 0x7C00);
  if (bits < 0x38800000) {
    float magnitude;
    std::memcpy(&magnitude, &bits, sizeof magnitude);
    return static_cast<uint16_t>(sign | (float_bits(magnitude + 0.5f) - 0x3F000000));
  }
  bits += 0xFFF + (bits >> 13 & 1);
  return static_cast<uint16_t>(sign | ((bits - 0x38000000) >> 13));
}

// Adding 1.5 * 2^23 leaves a value rounded to nearest even in the low bits, for |value| < 2^22.
FASTDCT_HD int32_t rounded_within(float value, float low, float high) {
  value = value < low ? low : value;
  value = value > high ? high : value;
  return static_cast<int32_t>(float_bits(value + 12582912.0f) - 0x4B400000);
}

// What an element is made of a value by, one for each type.
struct ToFloat32Element {
  using Element = float;
  FASTDCT_HD static Element of(float value) { return value; }
};
struct ToBfloat16Element {
  using Element = uint16_t;
  FASTDCT_HD static Element of(float value) { return bfloat16_bits(value); }
};
struct ToFloat16Element {
  using Element = uint16_t;
  FASTDCT_HD static Element of(float value) { return half_bits(value); }
};
struct ToInt16Element {
  using Element = int16_t;
  FASTDCT_HD static Element of(float value) {
    return static_cast<Element>(rounded_within(value, -32768, 32767));
  }
};
struct ToUint8Element {
  using Element = uint8_t;
  FASTDCT_HD static Element of(float value) { return static_cast<Element>(rounded_within(value, 0, 255)); }
};

// Calls visit(To...Element) with that of a type.
template <class Visit>
FASTDCT_HD void with_element(Dtype dtype, const Visit& visit) {
  switch (dtype) {
    case Dtype::kFloat32:
      return visit(ToFloat32Element{});
    case Dtype::kBfloat16:
      return visit(ToBfloat16Element{});
    case Dtype::kFloat16:
      return visit(ToFloat16Element{});
    case Dtype::kInt16:
      return visit(ToInt16Element{});
    default:
      return visit(ToUint8Element{});
  }
}

}  // namespace fastdct::dct
