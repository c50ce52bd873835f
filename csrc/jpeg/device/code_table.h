// Lookup tables of a device: two levels, 16 bits an entry, so that the tables of a colour picture are 6 KB of
// shared memory. An entry holds one symbol. Entries that hold several, as on the CPU, would need 8 times the
// memory, and threads that take different branches wait for each other anyway.
//
// Every entry is found by itself from the code, so that a device builds tables in parallel and only codes are
// copied to it.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "jpeg/device/descriptors.h"

namespace fastdct::jpeg::device {

// An entry, from the low bits on:
//   symbol: 5 bits its length, extra bits included | 4 size | 4 run | 1 ends the block
//   link:   12 bits first entry of the second level | 3 bits that index it | 1 set
// 0: no code begins like this, or its coefficient has more bits than a token holds.
using TableEntry = uint16_t;
constexpr uint32_t kEndsBlock = 1u << 13;
constexpr uint32_t kLink = 1u << 15;

constexpr uint32_t kCodeBits = 16;
constexpr uint32_t kRootBits = 9;
constexpr uint32_t kRootShift = kCodeBits - kRootBits;
constexpr uint32_t kRootSize = 1u << kRootBits;

// AC coefficients of 8-bit pictures have 10 bits (T.81, F.1.2.2.1), and a token has room for 11 and a sign.
constexpr uint32_t kMaxAcSize = 11;

FASTDCT_HD TableEntry entry_of_symbol(uint32_t code_length, uint32_t symbol, bool is_ac) {
  const uint32_t run = is_ac ? symbol >> 4 : 0, size = is_ac ? symbol & 15 : symbol;
  if (is_ac && size > kMaxAcSize) return 0;
  const bool ends = is_ac && size == 0 && run < 15;  // F.2.2.1: it has no other meaning in sequential coding
  return static_cast<TableEntry>((code_length + size) | size << 5 | run << 9 | (ends ? kEndsBlock : 0));
}

// The symbol that 16 bits begin with.
FASTDCT_HD TableEntry find_entry(const DeviceCode& code, uint32_t bits16) {
  for (uint32_t length = 1; length <= kCodeBits; ++length) {
    if (bits16 >= code.code_limit[length]) continue;
    const int32_t index = code.first_index[length] + static_cast<int32_t>(bits16 >> (kCodeBits - length));
    return entry_of_symbol(length, code.symbols[index & 0xFF], code.is_ac != 0);
  }
  return 0;
}

// Codes rise with their lengths, and so roots that lead to the second level follow each other by the longest
// code below them: those whose longest has `length` bits end before this one, and have 2^(length - kRootBits)
// entries each.
FASTDCT_HD uint32_t end_of_roots(const DeviceCode& code, uint32_t length) {
  const uint32_t end = code.code_limit[kCodeBits];
  const bool longest = code.code_limit[length] == end;
  return (code.code_limit[length] + (longest ? (1u << kRootShift) - 1 : 0)) >> kRootShift;
}

FASTDCT_HD uint32_t table_size(const DeviceCode& code) {
  uint32_t size = kRootSize;
  for (uint32_t length = kRootBits + 1; length <= kCodeBits; ++length)
    size += (end_of_roots(code, length) - end_of_roots(code, length - 1)) << (length - kRootBits);
  return size;
}

FASTDCT_HD TableEntry root_entry(const DeviceCode& code, uint32_t root) {
  if (root < code.code_limit[kRootBits] >> kRootShift) return find_entry(code, root << kRootShift);
  uint32_t first = kRootSize;
  for (uint32_t length = kRootBits + 1; length <= kCodeBits; ++length) {
    const uint32_t begin = end_of_roots(code, length - 1), end = end_of_roots(code, length);
    const uint32_t bits = length - kRootBits;
    if (root >= begin && root < end)
      return static_cast<TableEntry>((first + ((root - begin) << bits)) | bits << 12 | kLink);
    first += (end - begin) << bits;
  }
  return 0;
}

FASTDCT_HD TableEntry table_entry(const DeviceCode& code, uint32_t index) {
  if (index < kRootSize) return root_entry(code, index);
  uint32_t first = kRootSize;
  for (uint32_t length = kRootBits + 1; length <= kCodeBits; ++length) {
    const uint32_t begin = end_of_roots(code, length - 1), end = end_of_roots(code, length);
    const uint32_t bits = length - kRootBits, place = index - first;
    if (place < (end - begin) << bits)
      return find_entry(code, ((begin << bits) + place) << (kCodeBits - length));
    first += (end - begin) << bits;
  }
  return 0;
}

// The entry for the coming 32 bits.
FASTDCT_HD uint32_t look_up(const TableEntry* table, uint32_t bits32) {
  const uint32_t entry = table[bits32 >> (32 - kRootBits)];
  if ((entry & kLink) == 0) return entry;
  return table[(entry & 0xFFF) + (bits32 << kRootBits >> (32 - (entry >> 12 & 7)))];
}

}  // namespace fastdct::jpeg::device
