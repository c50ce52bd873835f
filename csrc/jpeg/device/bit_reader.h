// Bits of an entropy-coded segment without stuffing, 32 at a time.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg::device {

// The 32 bits that begin `bit` (0..31) bits into two words.
FASTDCT_HD uint32_t bits_from(uint32_t first, uint32_t second, uint32_t bit) {
#if defined(__CUDA_ARCH__)
  return __funnelshift_l(second, first, bit);
#else
  return static_cast<uint32_t>(((uint64_t{first} << 32 | second) << bit) >> 32);
#endif
}

// Words are loaded one before they are needed: a load takes as long as some symbols.
//
// Nothing asks whether the segment has ended. Behind it stand ones, which no code is made of (huffman.h), so
// that decoding stops at the first lookup there, at most 30 bits behind the end. The words loaded until then
// end less than kSegmentTail bytes behind it.
class BitReader {
 public:
  FASTDCT_HD BitReader(const uint32_t* words, uint32_t position) : words_(words) { seek(position); }

  FASTDCT_HD void seek(uint32_t position) {
    next_ = position / 32;
    bit_ = position % 32;
    current_ = load();
    following_ = load();
    ahead_ = load();
  }

  FASTDCT_HD uint32_t position() const { return (next_ - 3) * 32 + bit_; }

  FASTDCT_HD uint32_t peek() const { return bits_from(current_, following_, bit_); }

  // At most 31 bits.
  FASTDCT_HD void skip(uint32_t count) {
    bit_ += count;
    if (bit_ < 32) return;
    bit_ -= 32;
    current_ = following_;
    following_ = ahead_;
    ahead_ = load();
  }

 private:
  FASTDCT_HD uint32_t load() {
    const uint32_t word = words_[next_++];
#if defined(__CUDA_ARCH__)
    return __byte_perm(word, 0, 0x0123);
#else
    return __builtin_bswap32(word);
#endif
  }

  const uint32_t* words_;
  uint32_t next_, bit_ = 0;
  uint32_t current_ = 0, following_ = 0, ahead_ = 0;
};

}  // namespace fastdct::jpeg::device
