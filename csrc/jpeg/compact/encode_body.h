// The body of every encode_<level>.cpp: masks and values of a group (group.h). Ticks a block, photos of 11
// coefficients that are not zero: a loop over the bits of the mask takes 39 (it ends where nobody can guess);
// eight values at a time, as many as needed, 31; rows squeezed by pext 24; whole blocks by VBMI2 10.
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "jpeg/compact/encode.h"

#ifndef FASTDCT_ENCODE
#error "define FASTDCT_ENCODE, the name of the function to be made"
#endif

namespace fastdct::jpeg::compact {
namespace {

// A block cut to bytes, those that do not fit anyhow.
struct Cut {
  uint64_t nonzero;  // bit i: coefficient i is not zero
  bool wide;         // an AC coefficient does not fit a byte
  alignas(64) int8_t values[64];
};

#if defined(__AVX512VBMI2__)

inline void cut(const int16_t* block, Cut* to) {
  constexpr __mmask32 kAll = 0xFFFFFFFF;  // GCC 12 warns of its own forms without a mask
  const __m512i low = _mm512_loadu_si512(block), high = _mm512_loadu_si512(block + 32);
  const __m256i a = _mm512_maskz_cvtepi16_epi8(kAll, low), b = _mm512_maskz_cvtepi16_epi8(kAll, high);
  const auto both = [](__mmask32 x, __mmask32 y) {
    return static_cast<uint64_t>(x) | static_cast<uint64_t>(y) << 32;
  };
  to->nonzero = both(_mm512_test_epi16_mask(low, low), _mm512_test_epi16_mask(high, high));
  to->wide = is_ac(both(_mm512_cmpneq_epi16_mask(low, _mm512_maskz_cvtepi8_epi16(kAll, a)),
                        _mm512_cmpneq_epi16_mask(high, _mm512_maskz_cvtepi8_epi16(kAll, b)))) != 0;
  _mm256_store_si256(reinterpret_cast<__m256i*>(to->values), a);
  _mm256_store_si256(reinterpret_cast<__m256i*>(to->values + 32), b);
}

#elif defined(__SSE2__)

inline void cut(const int16_t* block, Cut* to) {
  const __m128i zero = _mm_setzero_si128();
  uint64_t nonzero = 0, fits = 0;
  for (int i = 0; i < 4; ++i) {
    const auto* pair = reinterpret_cast<const __m128i*>(block + 16 * i);
    const __m128i a = _mm_loadu_si128(pair), b = _mm_loadu_si128(pair + 1);
    const __m128i bytes = _mm_packs_epi16(a, b);
    _mm_store_si128(reinterpret_cast<__m128i*>(to->values + 16 * i), bytes);
    const __m128i c = _mm_srai_epi16(_mm_unpacklo_epi8(zero, bytes), 8);
    const __m128i d = _mm_srai_epi16(_mm_unpackhi_epi8(zero, bytes), 8);
    const __m128i same = _mm_packs_epi16(_mm_cmpeq_epi16(a, c), _mm_cmpeq_epi16(b, d));
    const auto bits = [](__m128i v) {
      return static_cast<uint64_t>(static_cast<uint16_t>(_mm_movemask_epi8(v)));
    };
    nonzero |= (bits(_mm_cmpeq_epi8(bytes, zero)) ^ 0xFFFF) << (16 * i);
    fits |= bits(same) << (16 * i);
  }
  to->nonzero = nonzero;
  to->wide = is_ac(~fits) != 0;
}

#else

inline void cut(const int16_t* block, Cut* to) {
  uint64_t nonzero = 0, fits = 0;
  for (int i = 0; i < 64; ++i) {
    to->values[i] = static_cast<int8_t>(block[i]);
    nonzero |= static_cast<uint64_t>(block[i] != 0) << i;
    fits |= static_cast<uint64_t>(block[i] == to->values[i]) << i;
  }
  to->nonzero = nonzero;
  to->wide = is_ac(~fits) != 0;
}

#endif

// Values in the order of `mask`; may write kSlack bytes beyond the end that it returns.
inline uint8_t* write_narrow(const Cut& from, uint64_t mask, uint8_t* target) {
#if defined(__AVX512VBMI2__)
  const __m512i values = _mm512_load_si512(from.values);
  _mm512_storeu_si512(target, _mm512_maskz_compress_epi8(mask, values));
  return target + num_bits(mask);
#elif defined(__BMI2__)
  for (int row = 0; row < kRows; ++row) {
    uint64_t values;
    std::memcpy(&values, from.values + 8 * row, sizeof values);
    const uint64_t present = mask >> (8 * row) & 255;
    values = _pext_u64(values, _pdep_u64(present, 0x0101010101010101) * 255);
    std::memcpy(target, &values, sizeof values);
    target += num_bits(present);
  }
  return target;
#else
  for (; mask != 0; mask &= mask - 1) *target++ = static_cast<uint8_t>(from.values[__builtin_ctzll(mask)]);
  return target;
#endif
}

inline uint8_t* write_wide(const int16_t* block, uint64_t mask, uint8_t* target) {
  for (; mask != 0; mask &= mask - 1, target += 2) std::memcpy(target, block + __builtin_ctzll(mask), 2);
  return target;
}

}  // namespace

uint8_t* FASTDCT_ENCODE(const int16_t* blocks, int num_blocks, uint8_t* target) {
  auto* masks = reinterpret_cast<uint64_t*>(target);
  auto* dc = reinterpret_cast<int16_t*>(masks + num_blocks);
  auto* values = reinterpret_cast<uint8_t*>(dc + num_blocks);
  for (int i = 0; i < num_blocks; ++i) {
    const int16_t* block = blocks + 64 * i;
    Cut bytes;
    cut(block, &bytes);
    const uint64_t mask = is_ac(bytes.nonzero);
    masks[i] = mask | static_cast<uint64_t>(bytes.wide);
    dc[i] = block[0];
    values = bytes.wide ? write_wide(block, mask, values) : write_narrow(bytes, mask, values);
  }
  return values;
}

}  // namespace fastdct::jpeg::compact
