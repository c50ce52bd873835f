#include "jpeg/entropy/skip.h"

#include "jpeg/entropy/stream.h"

namespace fastdct::jpeg {
namespace {

// The symbols that are sure from the head of an index: their codes lie within it.
class SkipBuilder {
 public:
  explicit SkipBuilder(uint32_t index) : window_(static_cast<uint64_t>(index) << (64 - kSkipBits)) {}

  bool take_dc(const SymbolTable& dc) {
    const Symbol symbol = dc.find(window_);
    return take(symbol.length, symbol.value, 1);
  }

  void take_ac(const SymbolTable& ac) {
    for (bool more = true; more && !ends_;) {
      const Symbol symbol = ac.find(window_);
      const int zeros = symbol.value >> 4, size = symbol.value & 15;
      if (size > 0 || zeros == 15) {
        more = take(symbol.length, size, zeros + 1);
      } else {  // F.2.2.1: a run below 15 with size 0 has no other meaning in sequential coding
        more = ends_ = take(symbol.length, 0, 0);
      }
    }
  }

  SkipEntry entry() const {
    if (length_ == 0) return kSkipException;
    return static_cast<uint32_t>(length_) + static_cast<uint32_t>(passed_) * kSkipOne +
           (ends_ ? kSkipEnd : 0);
  }

 private:
  // A block that is full ends without a symbol that says so: 63 may be passed, no more.
  bool take(int code_length, int extra, int coefficients) {
    if (code_length == 0 || length_ + code_length > kSkipBits) return false;
    if (length_ + code_length + extra > kMaxSkippedBits || passed_ + coefficients > 63) return false;
    length_ += code_length + extra;
    passed_ += coefficients;
    window_ <<= code_length + extra;
    return true;
  }

  uint64_t window_;
  int length_ = 0;
  int passed_ = 0;
  bool ends_ = false;
};

int16_t find_difference(const SymbolTable& dc, uint64_t window) {
  const Symbol symbol = dc.find(window);
  if (symbol.length == 0 || symbol.length + symbol.value > kSkipBits) return SkipTables::kUnknown;
  return static_cast<int16_t>(extend(window << symbol.length, symbol.value));
}

SkipTable make_stop_table() {
  SkipTable table{};
  table.entries.fill(kSkipException);
  return table;
}

}  // namespace

SkipTables::SkipTables(const HuffmanSpec& dc_spec, const HuffmanSpec& ac_spec) : dc(dc_spec), ac(ac_spec) {
  for (uint32_t i = 0; i < block_rest.entries.size(); ++i) {
    SkipBuilder start(i), rest(i);
    if (start.take_dc(dc)) start.take_ac(ac);
    rest.take_ac(ac);
    block_start.entries[i] = start.entry();
    block_rest.entries[i] = rest.entry();
    differences[i] = find_difference(dc, static_cast<uint64_t>(i) << (64 - kSkipBits));
  }
}

const SkipEntry* skip_stop_table() {
  static const SkipTable table = make_stop_table();
  return table.entries.data();
}

void resolve_skip_exception(SkipCursor& cursor) {
  const bool complete = cursor.table == skip_stop_table();
  const uint32_t position = cursor.state & kSkipPosition;
  cursor.window = load_big_endian(cursor.origin + position / 8) << position % 8;
  cursor.table = nullptr;
  if (complete) return;
  SkippedBlock& block = *cursor.block;
  uint32_t due = cursor.state / kSkipOne;
  const Symbol symbol = (due == 0 ? block.tables->dc : block.tables->ac).find(cursor.window);
  const int size = due == 0 ? symbol.value : symbol.value & 15, zeros = due == 0 ? 0 : symbol.value >> 4;
  const bool ends = due > 0 && size == 0 && zeros < 15;
  due += ends ? 0 : static_cast<uint32_t>(zeros) + 1;
  if (symbol.length == 0 || due > kBlockArea) {
    cursor.origin = nullptr;
    return;
  }
  const int length = symbol.length + size;
  cursor.window <<= length;
  cursor.state = position + static_cast<uint32_t>(length);
  if (ends || due == kBlockArea) {
    cursor.table = block.following;
    ++cursor.block;
    cursor.block->start = cursor.state;
  } else {
    cursor.table = block.rest;
    cursor.state += due * kSkipOne;
  }
}

}  // namespace fastdct::jpeg
