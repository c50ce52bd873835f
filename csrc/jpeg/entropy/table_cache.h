// Decoding tables by the content of the DHT segments they come from. Most files carry the example tables of
// T.81, Annex K, so that a batch builds them once; building a pair takes as long as decoding some hundred
// blocks.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg/entropy/stream.h"

namespace fastdct::jpeg {

// One for each thread. Tables stay valid as long as somebody holds them.
class TableCache {
 public:
  std::shared_ptr<const BlockTables> get(const HuffmanSpec& dc, const HuffmanSpec& ac, bool dc_only);
  std::shared_ptr<const SkipTables> get_skip(const HuffmanSpec& dc, const HuffmanSpec& ac);

 private:
  // 36 KB each, or 42; with the three images in work a thread holds at most 16 + 12 of them, 1 MB.
  static constexpr size_t kCapacity = 16;

  struct Slot {
    HuffmanSpec dc, ac;
    bool dc_only;
    uint64_t last_used;
    std::shared_ptr<const BlockTables> blocks;
    std::shared_ptr<const SkipTables> skip;  // where `blocks` is null
  };
  template <typename Is>
  Slot* find(const HuffmanSpec& dc, const HuffmanSpec& ac, Is is);
  Slot& add(const HuffmanSpec& dc, const HuffmanSpec& ac, bool dc_only);

  std::vector<Slot> slots_;
  uint64_t clock_ = 0;
};

}  // namespace fastdct::jpeg
