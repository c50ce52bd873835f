// Huffman codes of a JPEG file (T.81, Annex C): what a DHT segment says, and symbol-by-symbol decoding from
// it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace fastdct::jpeg {

enum class TableClass { kDc, kAc };

constexpr int kMaxCodeLength = 16;

// One table as written in a DHT segment. Two images with equal specs share their decoding tables.
struct HuffmanSpec {
  std::array<uint8_t, kMaxCodeLength> counts{};  // number of codes of length 1, 2, ... 16
  std::array<uint8_t, 256> symbols{};            // in order of increasing code
  int num_symbols = 0;                           // 0: not defined

  bool defined() const { return num_symbols > 0; }
  bool operator==(const HuffmanSpec& other) const {
    return counts == other.counts && symbols == other.symbols && num_symbols == other.num_symbols;
  }
};

// Why a spec cannot be decoded here, or nullptr. Besides what libjpeg refuses (too many codes for their
// length, a DC category above 15), a code of all ones is refused: T.81 C.2 reserves it, and the decoder
// relies on that to stop in the padding behind a segment. Whoever meets such a file leaves it to
// libjpeg-turbo.
const char* invalid_reason(const HuffmanSpec& spec, TableClass table_class);

struct Symbol {
  int length;  // of the code, 0: no code begins like this
  int value;
};

// Finds the symbol at the head of a window of bits: one lookup for codes of up to kDirectBits, a short search
// beyond.
class SymbolTable {
 public:
  SymbolTable() = default;
  explicit SymbolTable(const HuffmanSpec& spec);  // spec must be valid

  // `window` holds the coming bits, first bit on top; at least 16 of them are read.
  __attribute__((always_inline)) Symbol find(uint64_t window) const {
    const uint16_t direct = direct_[window >> (64 - kDirectBits)];
    if (__builtin_expect(direct != 0, 1)) return {direct >> 8, direct & 0xFF};
    return find_long(static_cast<uint32_t>(window >> 48));
  }

 private:
  static constexpr int kDirectBits = 9;
  Symbol find_long(uint32_t bits16) const;

  // Plain arrays: find() is compiled into kernels that must not emit library code (kernels_body.h).
  uint16_t direct_[1 << kDirectBits] = {};        // code length << 8 | symbol; 0: longer, or no code
  uint32_t code_limit_[kMaxCodeLength + 1] = {};  // first 16-bit window past all codes of this length
  int first_index_[kMaxCodeLength + 1] = {};      // symbol index = first_index + (window >> (16 - length))
  uint8_t symbols_[256] = {};
};

// The coefficient that `size` extra bits stand for (T.81, F.2.2.1, EXTEND): the bits' own value when the
// first is 1, else that value - (2^size - 1). `window` has the extra bits on top; size 0..16.
__attribute__((always_inline)) inline int extend(uint64_t window, int size) {
  const int bits = static_cast<int>((window >> 1) >> (63 - size));
  const int negative = static_cast<int>(~static_cast<int64_t>(window) >> 63);  // -1 when the top bit is clear
  return bits + (negative & (static_cast<int>(~0u << size) + 1));              // size 0: 0 + (negative & 0)
}

}  // namespace fastdct::jpeg
