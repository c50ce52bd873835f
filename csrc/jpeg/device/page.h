// Memory that a thread fills with the blocks and the coefficients that it decodes: pages, one after the
// other, as many as it needs. Nobody knows beforehand how many: how far a thread has to go, and how dense its
// part of a picture is, shows as it decodes.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg::device {

// An AC symbol, as it stands in the file: zeros before the coefficient, and the coefficient. 16 bits.
FASTDCT_HD uint32_t make_token(uint32_t run, int32_t value) {
  return run << 12 | (static_cast<uint32_t>(value) & 0xFFF);
}
FASTDCT_HD uint32_t run_of(uint32_t token) { return token >> 12; }
FASTDCT_HD int32_t value_of(uint32_t token) {
  return static_cast<int32_t>(static_cast<int16_t>(static_cast<uint16_t>(token << 4))) >> 4;
}

// A block of a list: 8 bytes.
struct ListedBlock {
  uint32_t position;     // where it begins, in bits from the beginning of the segment
  uint32_t first_token;  // in its page, which has all of them; below 2^10
  uint32_t num_tokens;   // below 2^6
  int32_t dc;            // difference; 16 bits
};

FASTDCT_HD uint64_t pack(const ListedBlock& block) {
  const uint32_t high = block.num_tokens | block.first_token << 6 | static_cast<uint32_t>(block.dc) << 16;
  return uint64_t{high} << 32 | block.position;
}
FASTDCT_HD ListedBlock unpack(uint64_t word) {
  const auto high = static_cast<uint32_t>(word >> 32);
  return {static_cast<uint32_t>(word), high >> 6 & 0x3FF, high & 0x3F,
          static_cast<int16_t>(static_cast<uint16_t>(high >> 16))};
}

constexpr uint32_t kNoPage = 0xFFFFFFFF;
constexpr uint32_t kTokensOfWord = 4;
constexpr uint32_t kMaxBlockTokens = 63;

// Tokens stand from the first word on, blocks from the last word backwards. With 1 KB a page, the room that
// is left before a block which could be too long is 13 %; threads of small subsequences often need one.
struct Page {
  static constexpr uint32_t kNumWords = 126;

  uint32_t next;  // kNoPage: none was taken yet
  uint32_t num_blocks;
  uint32_t reserved[2];
  uint64_t words[kNumWords];

  FASTDCT_HD ListedBlock block(uint32_t index) const { return unpack(words[kNumWords - 1 - index]); }
};
static_assert(sizeof(Page) == 1024);

// Fills a page. Words of tokens are written whole: every store of a thread goes to a line of its own.
class PageWriter {
 public:
  FASTDCT_HD void begin(Page* page) { open(page, 0, 0); }

  // Goes on in a page that was left by flush().
  FASTDCT_HD void open(Page* page, uint32_t num_tokens, uint32_t num_blocks) {
    page_ = page;
    num_tokens_ = num_tokens;
    num_blocks_ = num_blocks;
    const uint32_t rest = num_tokens % kTokensOfWord;
    pending_ = rest > 0 ? page->words[num_tokens / kTokensOfWord] << 16 * (kTokensOfWord - rest) : 0;
  }

  // Whether any block fits.
  FASTDCT_HD bool has_room() const {
    const uint32_t tokens = num_tokens_ + kMaxBlockTokens + kTokensOfWord - 1;
    return tokens / kTokensOfWord + num_blocks_ + 1 <= Page::kNumWords;
  }

  FASTDCT_HD void append(uint32_t token) {
    pending_ = pending_ >> 16 | uint64_t{token} << 48;
    if (++num_tokens_ % kTokensOfWord == 0) page_->words[num_tokens_ / kTokensOfWord - 1] = pending_;
  }

  FASTDCT_HD void append(const ListedBlock& block) {
    page_->words[Page::kNumWords - 1 - num_blocks_++] = pack(block);
  }

  FASTDCT_HD void flush() {
    const uint32_t rest = num_tokens_ % kTokensOfWord;
    if (rest > 0) page_->words[num_tokens_ / kTokensOfWord] = pending_ >> 16 * (kTokensOfWord - rest);
    page_->num_blocks = num_blocks_;
  }

  FASTDCT_HD Page* page() const { return page_; }
  FASTDCT_HD uint32_t num_tokens() const { return num_tokens_; }
  FASTDCT_HD uint32_t num_blocks() const { return num_blocks_; }

 private:
  Page* page_ = nullptr;
  uint32_t num_tokens_ = 0, num_blocks_ = 0;
  uint64_t pending_ = 0;  // the last tokens, the latest on top
};

}  // namespace fastdct::jpeg::device
