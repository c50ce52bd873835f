// First pass: each thread lists the blocks of its subsequence, from a guess where one begins. Wrong guesses
// find the blocks after some hundred bits, or meet what is no code and begin anew.
//
// What guesses cost is luma taken for chroma, seldom where a block begins: half of all threads meet within
// 430 bits, a tenth need 3000. At 8 kbit, where photos cost 1.11 times their bits, two things were tried.
// Guessing another place of the MCU, each of six: 1.112 to 1.117. Beginning anew at coefficients that no
// picture has, by its quantisation: 1.101 to 1.100 (at 1 kbit 1.61 to 1.57), for a load and a comparison at
// every symbol.
#pragma once
#include <cstdint>

#include "common/shared_words.h"
#include "common/thread_block.h"
#include "jpeg/device/lister.h"

namespace fastdct::jpeg::device {

constexpr uint32_t kGroupSize = 128;  // subsequences of a thread block, and its threads

// The tables of a group, in shared memory.
FASTDCT_HD void copy_tables(const Work& work, const DeviceTableSet& set, TableEntry* near_tables,
                            uint32_t thread) {
  constexpr uint32_t kPiece = kPieceBytes / sizeof(TableEntry);
  for (uint32_t i = thread * kPiece; i < set.num_entries; i += kGroupSize * kPiece)
    copy_piece(near_tables + i, work.tables + set.first_entry + i);
}

FASTDCT_HD void list_subsequence(const Work& work, uint32_t index, const TableEntry* tables) {
  const Subsequence subsequence = subsequence_of(work, index);
  Lister lister(work, subsequence, tables);
  lister.begin();
  bool going = lister.begin_block();
  while (going) {
    if (!lister.step()) {
      going = subsequence.is_guess() && lister.begin_anew();
    } else if (lister.has_block()) {
      lister.finish_block();
      going = lister.position() < subsequence.end_bit && lister.begin_block();
    }
  }
  const ListState state = lister.leave();
  work.lists[index] = state;
  work.listed[index] = {state.num_blocks, state.page};
}

template <class Block>
FASTDCT_HD void list_blocks(Block& block, const Work& work, uint32_t group_index, TableEntry* near_tables) {
  const DeviceGroup& group = work.groups[group_index];
  block.each(
      [&](uint32_t thread) { copy_tables(work, work.table_sets[group.table_set], near_tables, thread); });
  block.each([&](uint32_t thread) {
    if (thread < group.num_subsequences)
      list_subsequence(work, group.first_subsequence + thread, near_tables);
  });
}

}  // namespace fastdct::jpeg::device
