// Quantised coefficients on their way to a device: what of each block is zero in a mask, the rest in order. A
// fifth or sixth of the dense blocks; what copies and what expands need no bit reader.
//
// A group is up to kGroupBlocks consecutive blocks of one plane. Its data, from a multiple of kUnit bytes on:
//   mask    uint64 [n]  bit i, 1 <= i: AC coefficient i, natural order, is not zero
//                       bit 0: the block is wide, its values take 2 bytes each; else 1
//   dc      int16 [n]
//   values  of every block the AC coefficients that are not zero, natural order, without gaps
// or, where that would be longer, the blocks as they are (kDense): no group is longer than its blocks.
//
// Tried, on 150 photos of 8.3 bytes a block in the file, 11.0 coefficients not zero (bytes a block; ticks of
// the time-stamp counter a block to encode, without vectors; copying dense blocks: 128 bytes, 7 ticks):
//   20.1  39   as it stands; 24 with pext, 10 with VBMI2 (encode_body.h)
//   16.8  61   masks in two levels, of rows and of coefficients in a row
//   23.0  43   tokens of 16 bits, position and value, an escape before what takes more than 10 bits
// Decoding takes 60 to 200 ticks a block on a thread, so that bytes wait for the bus only where dozens of
// threads decode, and encoding is what counts.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg::compact {

constexpr int kGroupBlocks = 32;
constexpr int kRows = 8;  // of a block; each is expanded by a thread of its own
constexpr int kBlockBytes = 128;
constexpr uint32_t kUnit = 16;  // bytes; what data are counted in and aligned to
constexpr uint32_t kDense = 1;

struct Group {
  uint64_t first_block;  // where the blocks go, counted from the beginning of the batch's coefficients
  uint32_t data;         // where they come from, in kUnit from the beginning of the arena
  uint16_t num_blocks;
  uint16_t form;  // 0 or kDense
};
static_assert(sizeof(Group) == 16, "as it lies in the arena");

FASTDCT_HD uint32_t num_bits(uint64_t mask) {
#if defined(__CUDA_ARCH__)
  return static_cast<uint32_t>(__popcll(mask));
#else
  return static_cast<uint32_t>(__builtin_popcountll(mask));
#endif
}

FASTDCT_HD uint64_t is_ac(uint64_t mask) { return mask & ~uint64_t{1}; }
FASTDCT_HD uint32_t is_wide(uint64_t mask) { return static_cast<uint32_t>(mask & 1); }
FASTDCT_HD uint32_t value_bytes(uint64_t mask) { return num_bits(is_ac(mask)) << is_wide(mask); }

// Bytes before the values.
FASTDCT_HD constexpr uint32_t head_bytes(uint32_t num_blocks) { return 10 * num_blocks; }

}  // namespace fastdct::jpeg::compact
