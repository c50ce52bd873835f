// AC scans of progressive coding. Part of the kernels' body.
//
// Which coefficients of a block are not zero is kept as a mask, so that a refining scan finds "the zero after r zeros" and "all that
// are not zero before it" by a few operations on a word instead of walking over coefficients.
#pragma once
#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/simd.h"

namespace fastdct::jpeg {
namespace {

FASTDCT_INLINE uint64_t take_bits(Cursor& cursor, int count) {  // 0..32 of them, valid ones
  const uint64_t bits = (cursor.window >> 1) >> (63 - count);
  cursor.window <<= count;
  return bits;
}

// Bits first..last.
FASTDCT_INLINE uint64_t bit_range(int first, int last) { return (~uint64_t{0} >> (63 - last)) & (~uint64_t{0} << first); }

// The set bit of `mask` that has `count` set bits below it; 0 if there is none.
FASTDCT_INLINE uint64_t nth_bit(uint64_t mask, int count) {
#if defined(__BMI2__)
  return _pdep_u64(uint64_t{1} << count, mask);
#else
  for (; count > 0; --count) mask &= mask - 1;
  return mask & (0 - mask);
#endif
}

// EOBn: a run of 2^n blocks and more, n further bits (T.81, table G.1).
FASTDCT_INLINE uint32_t take_end_of_band_run(Cursor& cursor, int n) {
  return (uint32_t{1} << n) + static_cast<uint32_t>(take_bits(cursor, n));
}

bool decode_ac_first(const ProgressiveRun& run) {
  Cursor cursor = *run.cursor;
  uint32_t skip = *run.end_of_band_run;
  for (size_t i = 0; i < run.count;) {
    if (skip > 0) {  // nothing of these blocks is coded
      const size_t passed = skip < run.count - i ? skip : run.count - i;
      skip -= static_cast<uint32_t>(passed);
      i += passed;
      continue;
    }
    int16_t* const block = run.blocks[i];
    uint64_t found = 0;
    for (int k = run.spectral_start; k <= run.spectral_end; ++k) {
      refill(cursor);
      const Symbol symbol = run.ac->find(cursor.window);
      if (symbol.length == 0) return false;
      cursor.window <<= symbol.length;
      const int zeros = symbol.value >> 4, size = symbol.value & 15;
      if (size == 0 && zeros < 15) {
        skip = take_end_of_band_run(cursor, zeros) - 1;
        break;
      }
      k += zeros;
      if (k > run.spectral_end) return false;
      if (size == 0) continue;
      block[k] = static_cast<int16_t>(extend(cursor.window, size) * (1 << run.approximation_low));
      cursor.window <<= size;
      found |= uint64_t{1} << k;
    }
    run.nonzero[i++] |= found;
  }
  *run.cursor = cursor;
  *run.end_of_band_run = skip;
  return true;
}

// The bits of `which`, lowest first, that have a 1 among the coming bits, one for each.
FASTDCT_INLINE uint64_t take_corrections(Cursor& cursor, uint64_t which) {
  uint64_t corrected = 0;
  while (which != 0) {
    refill(cursor);
#if defined(__BMI2__)
    // At most 32 at once: the first coming bit belongs to the lowest place, so that they are turned round for pdep.
    const int waiting = __builtin_popcountll(which);
    const int count = waiting < 32 ? waiting : 32;
    uint64_t bits = (cursor.window >> 32) << 32;
    bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
    bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
    bits = (bits >> 4 & 0x0F0F0F0F0F0F0F0F) | (bits & 0x0F0F0F0F0F0F0F0F) << 4;
    const uint64_t places = waiting > 32 ? _pdep_u64(0xFFFFFFFF, which) : which;
    corrected |= _pdep_u64(__builtin_bswap64(bits), places);
    cursor.window <<= count;
    which &= ~places;
#else
    for (int i = 0; i < 32 && which != 0; ++i) {
      const uint64_t lowest = which & (0 - which);
      corrected |= lowest & (0 - (cursor.window >> 63));
      cursor.window <<= 1;
      which &= ~lowest;
    }
#endif
  }
  return corrected;
}

// One more bit of magnitude for the coefficients that are set in `corrected`.
FASTDCT_INLINE void correct(int16_t* block, uint64_t corrected, int low) {
#if defined(__AVX512BW__)
  const __m512i bit = _mm512_set1_epi16(static_cast<int16_t>(1 << low));
  for (int half = 0; half < 64; half += 32) {
    const __m512i v = _mm512_loadu_si512(block + half);
    const __mmask32 negative = _mm512_movepi16_mask(v);
    const auto chosen = static_cast<__mmask32>(corrected >> half);
    const __m512i grown = _mm512_mask_add_epi16(v, chosen & ~negative, v, bit);
    _mm512_storeu_si512(block + half, _mm512_mask_sub_epi16(grown, chosen & negative, v, bit));
  }
#else
  for (; corrected != 0; corrected &= corrected - 1) {
    int16_t& value = block[__builtin_ctzll(corrected)];
    value = static_cast<int16_t>(value + (value < 0 ? -1 : 1) * (1 << low));
  }
#endif
}

bool decode_ac_refine(const ProgressiveRun& run) {
  Cursor cursor = *run.cursor;
  uint32_t skip = *run.end_of_band_run;
  const uint64_t band = bit_range(run.spectral_start, run.spectral_end);
  for (size_t i = 0; i < run.count; ++i) {
    int16_t* const block = run.blocks[i];
    const uint64_t known = run.nonzero[i];
    uint64_t left = band, corrected = 0, found = 0;
    while (skip == 0 && left != 0) {
      refill(cursor);
      const Symbol symbol = run.ac->find(cursor.window);
      if (symbol.length == 0) return false;
      cursor.window <<= symbol.length;
      const int zeros = symbol.value >> 4, size = symbol.value & 15;
      if (size > 1) return false;  // a coefficient that becomes nonzero now is +-1
      if (size == 0 && zeros < 15) {
        skip = take_end_of_band_run(cursor, zeros);
        break;
      }
      const int sign = size == 0 ? 0 : take_bits(cursor, 1) != 0 ? 1 : -1;
      const uint64_t target = nth_bit(left & ~known, zeros);
      if (target == 0) return false;
      corrected |= take_corrections(cursor, left & known & (target - 1));
      left &= ~(target | (target - 1));
      if (size == 0) continue;
      block[__builtin_ctzll(target)] = static_cast<int16_t>(sign * (1 << run.approximation_low));
      found |= target;
    }
    if (skip > 0) {
      corrected |= take_corrections(cursor, left & known);
      --skip;
    }
    if (corrected != 0) correct(block, corrected, run.approximation_low);
    run.nonzero[i] = known | found;
  }
  *run.cursor = cursor;
  *run.end_of_band_run = skip;
  return true;
}

}  // namespace
}  // namespace fastdct::jpeg
