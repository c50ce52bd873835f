// From a band of blocks in zig-zag order to the caller's memory: blocks in natural order, or one plane a
// frequency. Part of the kernels' body.
#pragma once
#include <utility>

#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/simd.h"
#include "jpeg/entropy/zigzag.h"

namespace fastdct::jpeg {
namespace {

// Zig-zag position of each natural index.
struct ZigzagOrder {
  int16_t of[64];
  constexpr ZigzagOrder() : of{} {
    for (int k = 0; k < 64; ++k) of[kNaturalOrder[k]] = static_cast<int16_t>(k);
  }
};
constexpr ZigzagOrder kZigzag;

#if defined(__AVX512BW__)

// Two registers hold a block, and one instruction picks any 32 of their 64 lanes.
template <bool kStreaming>
FASTDCT_INLINE void store_natural(const int16_t* zigzag, int16_t* target) {
  const __m512i a = _mm512_loadu_si512(zigzag), b = _mm512_loadu_si512(zigzag + 32);
  const __m512i low = _mm512_loadu_si512(kZigzag.of), high = _mm512_loadu_si512(kZigzag.of + 32);
  store<kStreaming>(target, reinterpret_cast<Vector>(_mm512_permutex2var_epi16(a, low, b)));
  store<kStreaming>(target + 32, reinterpret_cast<Vector>(_mm512_permutex2var_epi16(a, high, b)));
}

#elif defined(__SSSE3__)

// pshufb masks that move what row v of a block has in eighth z of the zig-zag sequence, and clear the rest.
struct RowMasks {
  uint8_t bytes[8][8][16];
  bool used[8][8];
  constexpr RowMasks() : bytes{}, used{} {
    for (int v = 0; v < 8; ++v) {
      for (int z = 0; z < 8; ++z) {
        for (int u = 0; u < 8; ++u) {
          const int k = kZigzag.of[8 * v + u];
          const bool here = k / 8 == z;
          used[v][z] |= here;
          bytes[v][z][2 * u] = static_cast<uint8_t>(here ? 2 * (k % 8) : 0x80);
          bytes[v][z][2 * u + 1] = static_cast<uint8_t>(here ? 2 * (k % 8) + 1 : 0x80);
        }
      }
    }
  }
};
alignas(16) constexpr RowMasks kRowMasks;

template <int kRow, int kEighth>
FASTDCT_INLINE __m128i pick(const __m128i* eighths) {
  if constexpr (!kRowMasks.used[kRow][kEighth]) return _mm_setzero_si128();
  const auto* mask = reinterpret_cast<const __m128i*>(kRowMasks.bytes[kRow][kEighth]);
  return _mm_shuffle_epi8(eighths[kEighth], _mm_load_si128(mask));
}

template <int kRow, int... kEighth>
FASTDCT_INLINE __m128i natural_row(const __m128i* eighths, std::integer_sequence<int, kEighth...>) {
  __m128i row = _mm_setzero_si128();
  ((row = _mm_or_si128(row, pick<kRow, kEighth>(eighths))), ...);
  return row;
}

template <bool kStreaming, int... kRow>
FASTDCT_INLINE void store_rows(const __m128i* eighths, int16_t* target,
                               std::integer_sequence<int, kRow...> rows) {
  (store<kStreaming>(target + 8 * kRow, reinterpret_cast<Vector8>(natural_row<kRow>(eighths, rows))), ...);
}

template <bool kStreaming>
FASTDCT_INLINE void store_natural(const int16_t* zigzag, int16_t* target) {
  __m128i eighths[8];
  for (int i = 0; i < 8; ++i) eighths[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(zigzag + 8 * i));
  store_rows<kStreaming>(eighths, target, std::make_integer_sequence<int, 8>());
}

#elif defined(__aarch64__)

// A table lookup of NEON covers half a block: each row takes two.
template <bool>
FASTDCT_INLINE void store_natural(const int16_t* zigzag, int16_t* target) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(zigzag);
  const uint8x16x4_t low = vld1q_u8_x4(bytes), high = vld1q_u8_x4(bytes + 64);
  for (int v = 0; v < 8; ++v) {
    const uint16x8_t order = vreinterpretq_u16_s16(vld1q_s16(kZigzag.of + 8 * v));
    const uint16x8_t pairs = vmlaq_n_u16(vdupq_n_u16(0x0100), order, 0x0202);  // bytes 2k and 2k + 1
    const uint8x16_t index = vreinterpretq_u8_u16(pairs);
    const uint8x16_t row = vqtbx4q_u8(vqtbl4q_u8(low, index), high, vsubq_u8(index, vdupq_n_u8(64)));
    vst1q_s16(target + 8 * v, vreinterpretq_s16_u8(row));
  }
}

#else

template <bool>
FASTDCT_INLINE void store_natural(const int16_t* zigzag, int16_t* target) {
  for (int i = 0; i < 64; ++i) target[i] = zigzag[kZigzag.of[i]];
}

#endif

void clear_blocks(Block* blocks, int count) {
  for (Block* block = blocks; block < blocks + count; ++block)
    for (int i = 0; i < 64; i += kLanes) store<false>(block->coefficients + i, Vector{});
}

void store_first(const int16_t* zigzag, int16_t* target, int num_frequencies) {
  std::memset(target, 0, 64 * sizeof *target);
  for (int k = 0; k < num_frequencies; ++k) target[kNaturalOrder[k]] = zigzag[k];
}

template <bool kStreaming>
void store_natural_row(const BlockRow& row, int16_t* target) {
  const int16_t* mcu = row.first;
  for (int i = 0; i < row.count; mcu += row.next_mcu)
    for (int x = 0; x < row.horizontal && i < row.count; ++x, ++i, target += 64)
      store_natural<kStreaming>(mcu + x * row.next, target);
}

void store_first_row(const BlockRow& row, int16_t* target, int num_frequencies) {
  for (int i = 0; i < row.count; ++i, target += 64) store_first(row[i], target, num_frequencies);
}

void store_blocks(const BlockRow& row, int16_t* target, int num_frequencies, bool streaming) {
  if (num_frequencies < 64)
    store_first_row(row, target, num_frequencies);
  else if (streaming && is_aligned(target))
    store_natural_row<true>(row, target);
  else
    store_natural_row<false>(row, target);
}

// Lane I of the result of interleaving units of kUnit lanes of a and b, group by group: the low or the high
// half of each.
template <int kUnit, bool kHigh>
constexpr int interleaved_lane(int i) {
  const int group = i / 8 * 8, unit = i % 8 / kUnit;
  const int from = group + (unit / 2 + (kHigh ? 4 / kUnit : 0)) * kUnit + i % kUnit;
  return unit % 2 == 0 ? from : from + kLanes;
}

template <int kUnit, bool kHigh, int... kLane>
FASTDCT_INLINE Vector interleave(Vector a, Vector b, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(a, b, interleaved_lane<kUnit, kHigh>(kLane)...);
}

template <int kUnit>
FASTDCT_INLINE void interleave(const Vector& a, const Vector& b, Vector& low, Vector& high) {
  constexpr auto lanes = std::make_integer_sequence<int, kLanes>();
  low = interleave<kUnit, false>(a, b, lanes);
  high = interleave<kUnit, true>(a, b, lanes);
}

// Transposes every group: lane j of group g of v[i] becomes lane i of group g of v[j].
FASTDCT_INLINE void transpose_groups(Vector (&v)[8]) {
  Vector a[8], b[8];
  for (int i = 0; i < 4; ++i) interleave<1>(v[2 * i], v[2 * i + 1], a[2 * i], a[2 * i + 1]);
  for (int i = 0; i < 2; ++i) {
    interleave<2>(a[4 * i], a[4 * i + 2], b[4 * i], b[4 * i + 1]);
    interleave<2>(a[4 * i + 1], a[4 * i + 3], b[4 * i + 2], b[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) interleave<4>(b[i], b[i + 4], v[2 * i], v[2 * i + 1]);
}

// Frequencies [first, first + 8) of the next kLanes blocks; `count` of the eight planes are written.
template <bool kStreaming>
FASTDCT_INLINE void store_eight_planes(const int16_t* const* blocks, int first, int16_t* target, size_t plane,
                                       int count) {
  Vector v[8];
  for (int i = 0; i < 8; ++i) v[i] = load_groups(blocks + i, 8, first);
  transpose_groups(v);
  for (int i = 0; i < count; ++i, target += plane) store<kStreaming>(target, v[i]);
}

// All planes of kRunBlocks blocks.
template <bool kStreaming>
void store_run(const int16_t* const* blocks, int16_t* target, size_t plane, int num_frequencies) {
  for (int first = 0; first < num_frequencies; first += 8) {
    const int count = num_frequencies - first < 8 ? num_frequencies - first : 8;
    for (int i = 0; i < kRunBlocks; i += kLanes)
      store_eight_planes<kStreaming>(blocks + i, first, target + first * plane + i, plane, count);
  }
}

// A run that may not be written whole goes through a tile.
void store_part_of_run(const int16_t* const* blocks, int16_t* target, size_t plane, int num_frequencies,
                       int count) {
  int16_t tile[kBlockArea * kRunBlocks];
  store_run<false>(blocks, tile, kRunBlocks, num_frequencies);
  for (int k = 0; k < num_frequencies; ++k)
    std::memcpy(target + k * plane, tile + k * kRunBlocks, static_cast<size_t>(count) * sizeof *target);
}

void store_dc(const BlockRow& row, int16_t* target) {
  const int16_t* mcu = row.first;
  for (int i = 0; i < row.count; mcu += row.next_mcu)
    for (int x = 0; x < row.horizontal && i < row.count; ++x) target[i++] = mcu[x * row.next];
}

void store_planes(const BlockRow& row, int16_t* target, size_t plane, int num_frequencies, int room) {
  if (num_frequencies == 1) return store_dc(row, target);
  const bool streaming = is_aligned(target) && is_aligned(target + plane);
  for (int done = 0; done < row.count; done += kRunBlocks) {
    const int16_t* blocks[kRunBlocks];
    for (int i = 0; i < kRunBlocks; ++i) blocks[i] = row[done + i < row.count ? done + i : row.count - 1];
    if (done + kRunBlocks > room)
      store_part_of_run(blocks, target + done, plane, num_frequencies, row.count - done);
    else if (streaming)
      store_run<true>(blocks, target + done, plane, num_frequencies);
    else
      store_run<false>(blocks, target + done, plane, num_frequencies);
  }
}

}  // namespace
}  // namespace fastdct::jpeg
