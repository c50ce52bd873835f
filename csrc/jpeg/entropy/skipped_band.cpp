#include "jpeg/entropy/skipped_band.h"

#include <utility>

namespace fastdct::jpeg {

void SkippedBand::plan(std::vector<std::shared_ptr<const SkipTables>> mcu, int num_mcus) {
  mcu_ = std::move(mcu);
  const size_t num_blocks = mcu_.size() * static_cast<size_t>(num_mcus);
  blocks_.reset(new SkippedBlock[num_blocks + 1]());
  dc_.reset(new int16_t[num_blocks]);
  for (size_t i = 0; i < num_blocks; ++i) {
    const SkipTables* const tables = mcu_[i % mcu_.size()].get();
    const SkipTables* const next = mcu_[(i + 1) % mcu_.size()].get();
    blocks_[i] = {0, tables, tables->block_rest.entries.data(), next->block_start.entries.data()};
  }
}

void SkippedBand::begin(Stream& stream, size_t num_blocks) {
  blocks_[num_blocks - 1].following = skip_stop_table();
  const auto taken = static_cast<uint32_t>(__builtin_ctzll(stream.cursor.window));
  blocks_[0].start = taken;
  stream.cursor.table = nullptr;  // of an image that was begun and then decoded in parts
  stream.skip = {0, taken, mcu_[0]->block_start.entries.data(), blocks_.get(), stream.cursor.next};
}

bool SkippedBand::finish(Stream& stream, size_t num_blocks) {
  blocks_[num_blocks - 1].following = mcu_[0]->block_start.entries.data();
  const uint8_t* const origin = stream.skip.origin;
  if (origin == nullptr) return false;
  origin_ = origin;
  const uint32_t end = stream.skip.state & kSkipPosition;
  stream.cursor.next = origin + end / 8;
  stream.cursor.window = load_window(stream.cursor.next, end % 8);
  return true;
}

}  // namespace fastdct::jpeg
