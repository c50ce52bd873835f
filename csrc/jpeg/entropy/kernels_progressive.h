// AC scans of progressive coding. Part of the kernels' body.
//
// Which coefficients of a block are not zero is kept as a mask, so that a refining scan finds "the zero after
// r zeros" and "all that are not zero before it" by a few operations on a word instead of walking over
// coefficients.
//
// WHAT WAS TRIED (times libjpeg-turbo's reading of coefficients, 500x375 photos at quality 90)
//   2.75  as it stands
//   2.3   a refill for each symbol; length and extra bits of it from two lookups, the end of a band from
//         a slower one
#pragma once
#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/simd.h"

namespace fastdct::jpeg {
namespace {

// The coming bits, first bit on top; what stands below the `valid` ones is what follows them, or zeros. A
// symbol of these scans takes six bits on average: asking before each whether there are enough is a branch
// that is well predicted, and keeps the reload, eleven cycles, out of the chain from one symbol to the next.
struct BitReader {
  uint64_t window;
  const uint8_t* next;
  unsigned valid;

  explicit BitReader(const Cursor& cursor) {
    const auto taken = static_cast<unsigned>(__builtin_ctzll(cursor.window));
    window = load_big_endian(cursor.next + taken / 8) << taken % 8;
    next = cursor.next + taken / 8 + 7;
    valid = 56 - taken % 8;
  }

  FASTDCT_INLINE void need(unsigned count) {  // up to 56
    if (__builtin_expect(valid >= count, 1)) return;
    window |= load_big_endian(next) >> valid;
    next += (63 - valid) / 8;
    valid |= 56;
  }

  FASTDCT_INLINE void drop(unsigned count) {
    window <<= count;
    valid -= count;
  }

  FASTDCT_INLINE uint64_t take(unsigned count) {  // 0..56
    const uint64_t bits = (window >> 1) >> (63 - count);
    drop(count);
    return bits;
  }

  void give_back(Cursor& cursor) const {
    cursor.next = next - (valid + 7) / 8;
    cursor.window = load_window(cursor.next, -valid % 8);
  }
};

FASTDCT_INLINE ProgressiveEntry next_entry(const BitReader& bits, const ProgressiveTable& table) {
  const ProgressiveEntry entry = table.entries[bits.window >> (64 - kProgressiveBits)];
  return __builtin_expect(entry.length != 0, 1) ? entry : progressive_entry(table.symbols.find(bits.window));
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

bool decode_ac_first(const ProgressiveRun& run) {
  BitReader bits(*run.cursor);
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
      bits.need(kMaxSymbolBits);
      const ProgressiveEntry entry = next_entry(bits, *run.table);
      if (entry.length == 0) return false;
      const uint64_t window = bits.window;
      bits.drop(entry.length);
      if (entry.ends) {
        skip = (uint32_t{1} << entry.zeros) + static_cast<uint32_t>(bits.take(entry.zeros)) - 1;
        break;
      }
      k += entry.zeros;
      if (k > end) return false;
      // A run of sixteen zeros (size 0) stores one of them.
      const int value = extend(window << (entry.length - entry.size), entry.size);
      block[k] = static_cast<int16_t>(value * (1 << low));
      found |= block[k] == 0 ? 0 : mask_of(k);  // one that is too large may wrap to zero, and then is one
    }
    run.nonzero[i++] |= found;
  }
  bits.give_back(*run.cursor);
  *run.end_of_band_run = skip;
  return true;
}

// Takes one bit for each bit of `which`, from the top down, and returns those that got a 1. They must be
// valid.
FASTDCT_INLINE uint64_t take_valid_corrections(BitReader& bits, uint64_t which, unsigned count) {
#if defined(__BMI2__)
  return _pdep_u64(bits.take(count), which);
#else
  uint64_t corrected = 0, window = bits.window;
  bits.drop(count);
  for (uint64_t bit; which != 0; which &= ~bit, window <<= 1) {
    bit = uint64_t{1} << (63 - __builtin_clzll(which));
    corrected |= bit & (0 - (window >> 63));
  }
  return corrected;
#endif
}

FASTDCT_INLINE uint64_t take_corrections(BitReader& bits, uint64_t which) {
  const auto count = static_cast<unsigned>(__builtin_popcountll(which));
  if (__builtin_expect(count <= bits.valid && count <= 56, 1))
    return take_valid_corrections(bits, which, count);
  const uint64_t rest = count <= 32 ? 0 : nth_bit(which, 31) - 1;  // below the first 32
  bits.need(32);
  const uint64_t corrected = take_valid_corrections(bits, which & ~rest, count <= 32 ? count : 32);
  bits.need(32);
  return corrected | take_valid_corrections(bits, which & rest, count <= 32 ? 0 : count - 32);
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

bool decode_ac_refine(const ProgressiveRun& run) {
  BitReader bits(*run.cursor);
  uint32_t skip = *run.end_of_band_run;
  const uint64_t band = mask_of_band(run.spectral_start, run.spectral_end);
  const int low = run.approximation_low;
  for (size_t i = 0; i < run.count; ++i) {
    int16_t* const block = run.blocks[i];
    const uint64_t known = run.nonzero[i];
    uint64_t left = band, corrected = 0, found = 0;
    while (skip == 0 && left != 0) {
      bits.need(kMaxSymbolBits);
      const ProgressiveEntry entry = next_entry(bits, *run.table);
      if (entry.length == 0) return false;
      const uint64_t window = bits.window;
      bits.drop(entry.length);
      if (entry.ends) {
        skip = (uint32_t{1} << entry.zeros) + static_cast<uint32_t>(bits.take(entry.zeros));
        break;
      }
      if (entry.size > 1) return false;  // a coefficient that becomes nonzero now is +-1
      const uint64_t target = nth_bit(left & ~known, entry.zeros);
      if (target == 0) return false;
      corrected |= take_corrections(bits, left & known & ~(target - 1));
      left &= target - 1;
      // A run of sixteen zeros (size 0) stores a zero where one is.
      const int value = extend(window << (entry.length - entry.size), entry.size);
      block[__builtin_clzll(target)] = static_cast<int16_t>(value * (1 << low));
      found |= entry.size == 0 ? 0 : target;
    }
    if (skip > 0) {
      corrected |= take_corrections(bits, left & known);
      --skip;
    }
    if (corrected != 0) correct(block, corrected, low);
    run.nonzero[i] = known | found;
  }
  bits.give_back(*run.cursor);
  *run.end_of_band_run = skip;
  return true;
}

}  // namespace
}  // namespace fastdct::jpeg
