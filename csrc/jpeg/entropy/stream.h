// A stream: one entropy-coded segment on its way into a band of blocks. The kernels advance several at once.
#pragma once
#include <cstdint>
#include <cstring>

#include "jpeg/entropy/lookup.h"
#include "jpeg/entropy/skip.h"
#include "jpeg/image.h"

namespace fastdct::jpeg {

// Everything needed to decode the blocks of one component: made once for each pair of tables (table_cache.h).
struct BlockTables {
  SymbolTable dc;
  SymbolTable ac;
  LookupTable block_start;  // DC difference and what follows
  LookupTable block_rest;   // AC
};

// A block being decoded. The alignment is what the kernels compute with: the low byte of a write position is
// 2 * the coefficient that is due, and its bit 7 is set once a block has overflowed.
struct alignas(256) Block {
  int16_t coefficients[64];  // zig-zag order; zero when decoding begins; [0] is the DC *difference* until the
                             // band ends
  int16_t overhang[4];       // an entry's four values may reach past the last coefficient; always zero
  const BlockTables* tables;
  const LookupEntry* rest;       // AC entries of this block
  const LookupEntry* following;  // entries that begin the next block; stop_table() at the end of a band
};
static_assert(sizeof(Block) == 256, "a block's position arithmetic relies on its size");

// Where a stream stands between two steps. Bits are taken from the top of `window`; below the valid ones
// stands a single 1, the sentinel, and zeros: the number of trailing zeros is the number of bits taken since
// `window` was loaded from `next`.
struct Cursor {
  uint64_t window;
  const uint8_t* next;
  char* position;            // of the coefficient that is due, inside its Block
  const LookupEntry* table;  // its entries; nullptr once the stream has stopped
};

struct Stream {
  Cursor cursor;
  SkipCursor skip;  // used instead of `cursor` where only the DC is wanted

  bool stopped() const { return cursor.table == nullptr && skip.table == nullptr; }
};

// Entries that are all exceptions: where they are met, the band is complete.
const LookupEntry* stop_table();

__attribute__((always_inline)) inline uint64_t load_big_endian(const uint8_t* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return __builtin_bswap64(word);
}

// The window that begins `bit` (0..7) bits into `next`. 56 bits or more are valid after it.
__attribute__((always_inline)) inline uint64_t load_window(const uint8_t* next, unsigned bit) {
  return (load_big_endian(next) | 1) << bit;
}

// Afterwards 56 bits of the window are valid or more.
__attribute__((always_inline)) inline void refill(Cursor& cursor) {
  const auto taken = static_cast<unsigned>(__builtin_ctzll(cursor.window));
  cursor.next += taken / 8;
  cursor.window = load_window(cursor.next, taken % 8);
}

// What the lookup tables leave: decodes one symbol by the symbol tables, or stops the stream: `table` is then
// nullptr, and `next` as well where the stream is damaged.
Cursor resolve_exception(Cursor cursor);

// Bytes of ones needed behind a segment. T.81 has no code of all ones (huffman.h refuses such tables), so a
// decoder that runs past the end stops at the first lookup that lies wholly in the padding. It gets there
// having taken at most 16 + 15 bits of padding and then loads 8 bytes.
constexpr int kSegmentPadding = 16;

}  // namespace fastdct::jpeg
