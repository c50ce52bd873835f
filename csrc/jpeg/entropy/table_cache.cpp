#include "jpeg/entropy/table_cache.h"

#include <algorithm>

namespace fastdct::jpeg {

template <typename Is>
TableCache::Slot* TableCache::find(const HuffmanSpec& dc, const HuffmanSpec& ac, Is is) {
  for (Slot& slot : slots_) {
    if (slot.dc == dc && slot.ac == ac && is(slot)) {
      slot.last_used = ++clock_;
      return &slot;
    }
  }
  return nullptr;
}

TableCache::Slot& TableCache::add(const HuffmanSpec& dc, const HuffmanSpec& ac, bool dc_only) {
  if (slots_.size() == kCapacity) {
    const auto by_use = [](const Slot& a, const Slot& b) { return a.last_used < b.last_used; };
    slots_.erase(std::min_element(slots_.begin(), slots_.end(), by_use));
  }
  slots_.push_back({dc, ac, dc_only, ++clock_, nullptr, nullptr});
  return slots_.back();
}

std::shared_ptr<const BlockTables> TableCache::get(const HuffmanSpec& dc, const HuffmanSpec& ac,
                                                   bool dc_only) {
  const auto is = [=](const Slot& slot) { return slot.blocks && slot.dc_only == dc_only; };
  if (const Slot* slot = find(dc, ac, is)) return slot->blocks;
  auto tables = std::make_shared<BlockTables>();
  tables->dc = SymbolTable(dc);
  tables->ac = SymbolTable(ac);
  build_block_start(dc, ac, dc_only, tables->block_start);
  build_block_rest(ac, dc_only, tables->block_rest);
  return add(dc, ac, dc_only).blocks = std::move(tables);
}

std::shared_ptr<const SkipTables> TableCache::get_skip(const HuffmanSpec& dc, const HuffmanSpec& ac) {
  if (const Slot* slot = find(dc, ac, [](const Slot& s) { return s.skip != nullptr; })) return slot->skip;
  return add(dc, ac, true).skip = std::make_shared<const SkipTables>(dc, ac);
}

}  // namespace fastdct::jpeg
