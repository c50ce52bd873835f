// Streams of which only the DC is wanted: blocks are passed over, and where each begins is noted, so that its
// DC can be read afterwards, many at a time and free of the chain from one lookup to the next.
#pragma once
#include <array>
#include <cstdint>

#include "jpeg/entropy/huffman.h"

namespace fastdct::jpeg {

// What the coming bits hold, as one number that is added to SkipCursor::state:
//   bits 0..5   bits taken
//   bit 24      the block ends here
//   bits 25..   coefficients passed; 64: an exception, ask the symbol tables
// Of the last symbol only the code must lie within the index.
using SkipEntry = uint32_t;
constexpr int kSkipBits = 12;  // 16 KB a table
constexpr uint32_t kSkipEnd = uint32_t{1} << 24;
constexpr uint32_t kSkipOne = uint32_t{1} << 25;  // coefficient
constexpr uint32_t kSkipException = 64 * kSkipOne;
constexpr uint32_t kSkipPosition = kSkipEnd - 1;  // mask of the bit position

// A refill leaves 57 bits. The third entry needs no more of them than its index.
constexpr int kMaxSkippedBits = (57 - kSkipBits) / 2;

struct alignas(64) SkipTable {
  std::array<SkipEntry, 1 << kSkipBits> entries;
};

struct SkipTables {
  SkipTables(const HuffmanSpec& dc_spec, const HuffmanSpec& ac_spec);

  // The DC difference at the head of a window that begins with one.
  int difference(uint64_t window) const {
    const int16_t known = differences[window >> (64 - kSkipBits)];
    if (__builtin_expect(known != kUnknown, 1)) return known;
    const Symbol symbol = dc.find(window);
    return extend(window << symbol.length, symbol.value);
  }

  static constexpr int16_t kUnknown = INT16_MIN;  // differences that are in no table of kSkipBits
  SymbolTable dc;
  SymbolTable ac;
  SkipTable block_start;  // DC and what follows
  SkipTable block_rest;   // AC
  std::array<int16_t, 1 << kSkipBits> differences;
};

struct SkippedBlock {
  uint32_t start;  // state when it began: the low bits are its bit position
  const SkipTables* tables;
  const SkipEntry* rest;       // entries inside the block
  const SkipEntry* following;  // that begin the next one; skip_stop_table() at the end of a band
};

// `state`: bit position from `origin` in the low 24 bits; on top the coefficient that is due.
struct SkipCursor {
  uint64_t window;
  uint32_t state;
  const SkipEntry* table;  // nullptr once the stream has stopped
  SkippedBlock* block;     // there must be one behind the last
  const uint8_t* origin;   // nullptr: stopped at something damaged
};

const SkipEntry* skip_stop_table();

// What the tables leave: passes one symbol, or stops.
void resolve_skip_exception(SkipCursor& cursor);

}  // namespace fastdct::jpeg
