#include "jpeg/entropy/table_cache.h"

#include <algorithm>

namespace fastdct::jpeg {

std::shared_ptr<const BlockTables> TableCache::get(const HuffmanSpec& dc, const HuffmanSpec& ac,
                                                   bool dc_only) {
  for (Slot& slot : slots_) {
    if (slot.dc == dc && slot.ac == ac && slot.dc_only == dc_only) {
      slot.last_used = ++clock_;
      return slot.tables;
    }
  }
  auto tables = std::make_shared<BlockTables>();
  tables->dc = SymbolTable(dc);
  tables->ac = SymbolTable(ac);
  build_block_start(dc, ac, dc_only, tables->block_start);
  build_block_rest(ac, dc_only, tables->block_rest);
  if (slots_.size() == kCapacity) {
    const auto by_use = [](const Slot& a, const Slot& b) { return a.last_used < b.last_used; };
    slots_.erase(std::min_element(slots_.begin(), slots_.end(), by_use));
  }
  slots_.push_back({dc, ac, dc_only, ++clock_, tables});
  return tables;
}

}  // namespace fastdct::jpeg
