#include "jpeg/entropy/lookup.h"

namespace fastdct::jpeg {
namespace {

constexpr int kWindow = 4;  // values of an entry
constexpr int kMaxExtraBits = kMaxEntryBits - kLookupBits;

// Builds one entry: takes symbols from the head of an index as long as everything about them is known.
class EntryBuilder {
 public:
  EntryBuilder(uint32_t index, bool dc_only)
      : window_(static_cast<uint64_t>(index) << (64 - kLookupBits)), dc_only_(dc_only) {}

  // Takes a DC symbol or nothing; false: nothing can follow.
  bool take_dc(const SymbolTable& dc) {
    const Symbol symbol = dc.find(window_);
    if (symbol.length == 0 || symbol.length > available_) return false;
    if (symbol.value == 0) {
      consume(symbol.length);
      passed_ = 1;
      return true;
    }
    return take_value(symbol.length, 0, symbol.value);
  }

  // Takes AC symbols to the end of the index, of the block or of what an entry can hold.
  void take_ac(const SymbolTable& ac) {
    while (!ends_block_ && available_ > 0) {
      const Symbol symbol = ac.find(window_);
      if (symbol.length == 0 || symbol.length > available_) return;
      const int run = symbol.value >> 4, size = symbol.value & 15;
      if (size > 0) {
        if (!(dc_only_ ? pass_value(symbol.length, run, size) : take_value(symbol.length, run, size))) return;
      } else if (run == 15) {
        if (passed_ + 16 > 62) return;
        passed_ += 16;
        consume(symbol.length);
      } else {
        ends_block_ = true;  // F.2.2.1: run < 15 with size 0 has no other meaning in sequential coding
        consume(symbol.length);
      }
    }
  }

  LookupEntry entry() const {
    LookupEntry e{};
    if (length_ == 0) {
      e.span = kException;
      return e;
    }
    e.length = static_cast<uint8_t>(length_);
    e.span = static_cast<uint8_t>(2 * passed_ + (ends_block_ ? 1 : 0));
    e.offset = static_cast<uint8_t>(first_ < 0 ? 0 : 2 * first_);
    e.deposit = static_cast<uint8_t>(deposit_);
    for (int i = 0; i < kWindow; ++i) e.values[i] = values_[i];
    return e;
  }

 private:
  bool take_value(int code_length, int run, int size) {
    const int place = passed_ + run;
    const int first = first_ < 0 ? place : first_;
    if (size > 7 || place - first >= kWindow || place > 61)
      return false;  // |coefficient| < 128 fits its lane
    const int known = available_ - code_length < size ? available_ - code_length : size;
    const int extra = size - known;
    if (known == 0 || extra > (dc_only_ ? 0 : kMaxExtraBits)) return false;  // the sign must be known
    const uint64_t bits = window_ << code_length;
    const uint64_t known_bits = bits >> (64 - known) << (64 - known);
    first_ = first;
    values_[place - first] = static_cast<int8_t>(extend(known_bits, size));
    deposit_ = extra > 0 ? (8 * (place - first) + extra) : 0;
    passed_ = place + 1;
    consume(code_length + size);
    return true;
  }

  // A coefficient that nobody wants: its bits need not be known.
  bool pass_value(int code_length, int run, int size) {
    if (passed_ + run > 61 || length_ + code_length + size > kMaxEntryBits) return false;
    passed_ += run + 1;
    consume(code_length + size);
    return true;
  }

  void consume(int bits) {
    length_ += bits;
    available_ = bits > available_ ? 0 : available_ - bits;
    window_ <<= bits;
  }

  uint64_t window_;
  bool dc_only_;
  int available_ = kLookupBits;
  int length_ = 0;
  int passed_ = 0;
  int first_ = -1;
  int deposit_ = 0;
  bool ends_block_ = false;
  int8_t values_[kWindow] = {};
};

}  // namespace

void build_block_rest(const HuffmanSpec& ac, bool dc_only, LookupTable& table) {
  const SymbolTable symbols(ac);
  for (uint32_t i = 0; i < kLookupSize; ++i) {
    EntryBuilder builder(i, dc_only);
    builder.take_ac(symbols);
    table.entries[i] = builder.entry();
  }
}

void build_block_start(const HuffmanSpec& dc, const HuffmanSpec& ac, bool dc_only, LookupTable& table) {
  const SymbolTable dc_symbols(dc), ac_symbols(ac);
  for (uint32_t i = 0; i < kLookupSize; ++i) {
    EntryBuilder builder(i, dc_only);
    if (builder.take_dc(dc_symbols)) builder.take_ac(ac_symbols);
    table.entries[i] = builder.entry();
  }
}

}  // namespace fastdct::jpeg
