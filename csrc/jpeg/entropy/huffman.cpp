#include "jpeg/entropy/huffman.h"

#include <algorithm>

namespace fastdct::jpeg {

const char* invalid_reason(const HuffmanSpec& spec, TableClass table_class) {
  uint32_t code = 0;
  for (int length = 1; length <= kMaxCodeLength; ++length) {
    code += spec.counts[length - 1];
    if (spec.counts[length - 1] > 0 && code >= (1u << length)) {
      return code == (1u << length) ? "a Huffman code of all ones"
                                    : "more Huffman codes than their length allows";
    }
    code <<= 1;
  }
  if (table_class == TableClass::kDc) {
    for (int i = 0; i < spec.num_symbols; ++i) {
      if (spec.symbols[i] > 15) return "a DC difference of more than 15 bits";
    }
  }
  return nullptr;
}

SymbolTable::SymbolTable(const HuffmanSpec& spec) {
  std::copy(spec.symbols.begin(), spec.symbols.end(), symbols_);
  uint32_t code = 0;
  int index = 0;
  for (int length = 1; length <= kMaxCodeLength; ++length, code <<= 1) {
    first_index_[length] = index - static_cast<int>(code);
    for (int i = 0; i < spec.counts[length - 1]; ++i, ++code, ++index) {
      if (length > kDirectBits) continue;
      const int shift = kDirectBits - length;
      const auto entry = static_cast<uint16_t>(length << 8 | spec.symbols[index]);
      for (uint32_t j = 0; j < (1u << shift); ++j) direct_[(code << shift) + j] = entry;
    }
    code_limit_[length] = code << (kMaxCodeLength - length);
  }
}

Symbol SymbolTable::find_long(uint32_t bits16) const {
  for (int length = kDirectBits + 1; length <= kMaxCodeLength; ++length) {
    if (bits16 < code_limit_[length]) {
      const int index = first_index_[length] + static_cast<int>(bits16 >> (kMaxCodeLength - length));
      return {length, symbols_[index & 0xFF]};
    }
  }
  return {0, 0};
}

}  // namespace fastdct::jpeg
