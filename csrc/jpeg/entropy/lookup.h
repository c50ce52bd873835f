// Lookup tables of the sequential decoder: an entry decodes every symbol that is sure from the next
// kLookupBits bits.
#pragma once
#include <array>
#include <cstdint>

#include "jpeg/entropy/huffman.h"

namespace fastdct::jpeg {

// 2^11 entries are 16 KB a table. With 12 bits the four tables of a colour image no longer share the
// first-level cache.
constexpr int kLookupBits = 11;
constexpr int kLookupSize = 1 << kLookupBits;

// Bits that one entry may take: a refill leaves at least 56 valid bits, enough for 3 steps (kernels_body.h).
constexpr int kMaxEntryBits = 18;

// What the coming bits hold: up to four coefficients within four consecutive zig-zag places, and perhaps the
// end of the block. The extra bits of the last symbol may lie outside the index: `values` then has the
// smallest coefficient they could mean, and they are added to it. 8 bytes, read as one word by the decoder.
struct alignas(8) LookupEntry {
  uint8_t length;  // bits consumed, extra bits included
  uint8_t span;    // 2 * coefficients passed, + 1 when the block ends here; kException: ask the symbol tables
  uint8_t offset;  // 2 * place of values[0], counted from the coefficient that is due
  uint8_t deposit;  // which extra bits to add where: index into kDeposit
  int8_t values[4];
};
static_assert(sizeof(LookupEntry) == 8);

constexpr uint8_t kException = 128;

// deposit = lane * 8 + number of extra bits (0..7): the mask has these bits of lane `lane` of the four
// values.
constexpr std::array<uint32_t, 32> make_deposit_masks() {
  std::array<uint32_t, 32> masks{};
  for (int i = 0; i < 32; ++i) masks[i] = ((1u << (i % 8)) - 1) << (8 * (i / 8));
  return masks;
}
constexpr std::array<uint32_t, 32> kDeposit = make_deposit_masks();

struct alignas(64) LookupTable {
  std::array<LookupEntry, kLookupSize> entries;
};

// Entries for the inside of a block: AC symbols. With `dc_only` their values are passed over, not kept, so
// that an entry holds as many symbols as its bits allow.
void build_block_rest(const HuffmanSpec& ac, bool dc_only, LookupTable& table);

// Entries for the head of a block: the DC difference and the AC symbols that follow it.
void build_block_start(const HuffmanSpec& dc, const HuffmanSpec& ac, bool dc_only, LookupTable& table);

}  // namespace fastdct::jpeg
