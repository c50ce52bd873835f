// AC scans of progressive coding. Part of the kernels' body.
//
// Which coefficients of a block are not zero is kept as a mask, so that a refining scan finds "the zero after
// r zeros" and "all that are not zero before it" by a few operations on a word instead of walking over
// coefficients.
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

// Masks have coefficient k at bit 63 - k, so that bits of the stream, first bit on top, fall into place by
// one deposit; with coefficient k at bit k they had to be turned round first, twelve instructions a symbol.
FASTDCT_INLINE uint64_t mask_of(int k) { return uint64_t{1} << (63 - k); }
FASTDCT_INLINE uint64_t mask_of_band(int first, int last) {
  return (~uint64_t{0} >> first) & (~uint64_t{0} << (63 - last));
}

// The set bit of `mask` that has `count` set bits above it; 0 if there is none.
FASTDCT_INLINE uint64_t nth_bit(uint64_t mask, int count) {
#if defined(__BMI2__)
  const int below = __builtin_popcountll(mask) - 1 - count;
  return below < 0 ? 0 : _pdep_u64(uint64_t{1} << below, mask);
#else
  for (; count > 0 && mask != 0; --count) mask &= ~(uint64_t{1} << (63 - __builtin_clzll(mask)));
  return mask == 0 ? 0 : uint64_t{1} << (63 - __builtin_clzll(mask));
#endif
}

// EOBn: a run of 2^n blocks and more, n further bits (T.81, table G.1).
FASTDCT_INLINE uint32_t take_end_of_band_run(Cursor& cursor, int n) {
  return (uint32_t{1} << n) + static_cast<uint32_t>(take_bits(cursor, n));
}

bool decode_ac_first(const ProgressiveRun& run) {
  Cursor cursor = *run.cursor;
  uint32_t skip = *run.end_of_band_run;
  const int low = run.approximation_low, end = run.spectral_end;
  for (size_t i = 0; i < run.count;) {
    if (skip > 0) {  // nothing of these blocks is coded
      const size_t passed = skip < run.count - i ? skip : run.count - i;
      skip -= static_cast<uint32_t>(passed);
      i += passed;
      continue;
    }
    int16_t* const block = run.blocks[i];
    uint64_t found = 0;
    for (int k = run.spectral_start; k <= end; ++k) {
      refill(cursor);
      const ProgressiveEntry entry = run.table->entries[cursor.window >> (64 - kProgressiveBits)];
      int value = entry.value;
      if (__builtin_expect(entry.length != 0, 1)) {
        k += entry.zeros;
        cursor.window <<= entry.length;
      } else {
        const Symbol symbol = run.table->symbols.find(cursor.window);
        if (symbol.length == 0) return false;
        cursor.window <<= symbol.length;
        const int zeros = symbol.value >> 4, size = symbol.value & 15;
        if (size == 0 && zeros < 15) {
          skip = take_end_of_band_run(cursor, zeros) - 1;
          break;
        }
        k += zeros;
        if (size == 0) {
          if (k > end) return false;
          continue;
        }
        value = extend(cursor.window, size);
        cursor.window <<= size;
      }
      if (k > end) return false;
      block[k] = static_cast<int16_t>(value * (1 << low));
      found |= mask_of(k);
    }
    run.nonzero[i++] |= found;
  }
  *run.cursor = cursor;
  *run.end_of_band_run = skip;
  return true;
}

// Takes one bit for each bit of `which`, from the top down, and returns those that got a 1. Up to 32 need no
// refill.
FASTDCT_INLINE uint64_t take_up_to_32_corrections(Cursor& cursor, uint64_t which) {
#if defined(__BMI2__)
  const int count = __builtin_popcountll(which);
  return _pdep_u64(take_bits(cursor, count), which);
#else
  uint64_t corrected = 0;
  for (uint64_t bit; which != 0; which &= ~bit) {
    bit = uint64_t{1} << (63 - __builtin_clzll(which));
    corrected |= bit & (0 - (cursor.window >> 63));
    cursor.window <<= 1;
  }
  return corrected;
#endif
}

FASTDCT_INLINE uint64_t take_corrections(Cursor& cursor, uint64_t which) {
  if (__builtin_expect(__builtin_popcountll(which) <= 32, 1)) return take_up_to_32_corrections(cursor, which);
  const uint64_t rest = nth_bit(which, 31) - 1;  // below the first 32
  const uint64_t corrected = take_up_to_32_corrections(cursor, which & ~rest);
  refill(cursor);
  return corrected | take_up_to_32_corrections(cursor, which & rest);
}

// Lanes that a mask is spread over: a 16-bit lane tests one bit of as many.
constexpr int kMaskLanes = kLanes < 16 ? kLanes : 16;
typedef int16_t MaskVector __attribute__((vector_size(2 * kMaskLanes)));

FASTDCT_INLINE MaskVector splat(int16_t value) { return MaskVector{} + value; }

struct LaneBits {
  alignas(2 * kMaskLanes) int16_t of[kMaskLanes];
  constexpr LaneBits() : of{} {
    for (int i = 0; i < kMaskLanes; ++i) of[i] = static_cast<int16_t>(1 << (kMaskLanes - 1 - i));
  }
};
constexpr LaneBits kLaneBits;

// One more bit of magnitude for the coefficients that are set in `corrected`: v + bit, v - bit where v is
// negative. All lanes are computed; a loop over the set bits mispredicts its end in nearly every block.
FASTDCT_INLINE void correct(int16_t* block, uint64_t corrected, int low) {
  MaskVector lane_bits;
  std::memcpy(&lane_bits, kLaneBits.of, sizeof lane_bits);
  const MaskVector bit = splat(static_cast<int16_t>(1 << low));
  for (int k = 0; k < kBlockArea; k += kMaskLanes) {
    MaskVector v;
    std::memcpy(&v, block + k, sizeof v);
    const MaskVector mask = splat(static_cast<int16_t>(corrected >> (64 - kMaskLanes - k)));
    const MaskVector chosen = (mask & lane_bits) != 0;
    const MaskVector sign = v >> 15;
    v += ((bit ^ sign) - sign) & chosen;
    std::memcpy(block + k, &v, sizeof v);
  }
}

// A refill feeds a symbol and what hangs on it: 16 bits of code, 1 of sign or 14 of a run, 32 corrections
// make 49 to 62; the run is the one case that needs another.
bool decode_ac_refine(const ProgressiveRun& run) {
  Cursor cursor = *run.cursor;
  uint32_t skip = *run.end_of_band_run;
  const uint64_t band = mask_of_band(run.spectral_start, run.spectral_end);
  const int low = run.approximation_low;
  for (size_t i = 0; i < run.count; ++i) {
    int16_t* const block = run.blocks[i];
    const uint64_t known = run.nonzero[i];
    uint64_t left = band, corrected = 0, found = 0;
    while (skip == 0 && left != 0) {
      refill(cursor);
      const Symbol symbol = run.table->symbols.find(cursor.window);
      if (symbol.length == 0) return false;
      cursor.window <<= symbol.length;
      const int zeros = symbol.value >> 4, size = symbol.value & 15;
      if (size == 0 && zeros < 15) {
        skip = take_end_of_band_run(cursor, zeros);
        break;
      }
      if (size > 1) return false;  // a coefficient that becomes nonzero now is +-1
      const int sign = size & static_cast<int>(cursor.window >> 63);
      cursor.window <<= size;
      const uint64_t target = nth_bit(left & ~known, zeros);
      if (target == 0) return false;
      corrected |= take_corrections(cursor, left & known & ~(target - 1));
      left &= target - 1;
      // A run of sixteen zeros (size 0) stores a zero where one is.
      block[__builtin_clzll(target)] = static_cast<int16_t>((2 * sign - size) * (1 << low));
      found |= size == 0 ? 0 : target;
    }
    if (skip > 0) {
      refill(cursor);
      corrected |= take_corrections(cursor, left & known);
      --skip;
    }
    if (corrected != 0) correct(block, corrected, low);
    run.nonzero[i] = known | found;
  }
  *run.cursor = cursor;
  *run.end_of_band_run = skip;
  return true;
}

}  // namespace
}  // namespace fastdct::jpeg
