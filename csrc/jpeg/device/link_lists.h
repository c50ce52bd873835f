// Second pass: each thread goes on past its end until it meets a block of a later list. From a block that two
// lists share, by its position and by its place in the period of tables, both would find the same ones for
// ever. What the later list passed before that block is dropped. There are no rounds, and nothing is decoded
// twice but what lies between the end of a subsequence and the block where the next list is met.
#pragma once
#include <cstdint>

#include "jpeg/device/list_blocks.h"

namespace fastdct::jpeg::device {

// Bits that a thread goes past its end. In photos most meet within 2 kbit, those of 250 bits a block within
// 40 kbit; whoever has not met another list by then may never, and the CPU is faster.
constexpr uint32_t kMaxPastEnd = 1u << 16;

// Looks for rising positions among the blocks that another thread listed in the first pass.
class ListFinder {
 public:
  FASTDCT_HD explicit ListFinder(const Work& work) : work_(work) {}

  // From now on in the list of this subsequence.
  FASTDCT_HD void begin(uint32_t subsequence) {
    listed_ = work_.listed[subsequence];
    index_ = 0;
    enter(subsequence);
  }

  // The block that begins there; num_blocks if there is none.
  FASTDCT_HD uint32_t find(uint32_t position) {
    for (; index_ < listed_.num_blocks; next()) {
      const uint32_t found = work_.pages[page_].block(slot_).position;
      if (found == position) return index_;
      if (found > position) break;
    }
    return listed_.num_blocks;
  }

  FASTDCT_HD uint32_t num_blocks() const { return listed_.num_blocks; }

 private:
  FASTDCT_HD void enter(uint32_t page) {
    page_ = page;
    slot_ = 0;
    // The last page is being written on.
    in_page_ = page == listed_.last_page ? listed_.num_blocks - index_ : work_.pages[page].num_blocks;
  }

  FASTDCT_HD void next() {
    ++index_;
    if (++slot_ == in_page_ && index_ < listed_.num_blocks) enter(work_.pages[page_].next);
  }

  const Work& work_;
  Listed listed_{0, 0};
  uint32_t index_ = 0;  // in the list
  uint32_t page_ = 0, slot_ = 0, in_page_ = 0;
};

// The block of a later list that is due for the lister, if there is one.
class Meeting {
 public:
  FASTDCT_HD Meeting(const Work& work, const Subsequence& from)
      : from_(from), finder_(work), number_(from.index - from.segment.first_subsequence) {}

  FASTDCT_HD bool find(const Lister& lister) {
    const uint32_t number = lister.position() / from_.scan.subsequence_bits;  // in the segment
    if (number != number_) finder_.begin(from_.segment.first_subsequence + number);
    number_ = number;
    block_ = finder_.find(lister.position());
    const uint32_t period = from_.scan.period;
    return block_ < finder_.num_blocks() && block_ % period == lister.num_blocks() % period;
  }

  FASTDCT_HD Link link() const { return {from_.segment.first_subsequence + number_, block_}; }

 private:
  const Subsequence& from_;
  ListFinder finder_;
  uint32_t number_;
  uint32_t block_ = 0;
};

// Whether a thread may look for its block in a later list, and then may take another block.
FASTDCT_HD bool may_go_on(const Subsequence& subsequence, uint32_t position) {
  return position < subsequence.num_segment_bits() && position - subsequence.end_bit < kMaxPastEnd;
}

FASTDCT_HD void link_subsequence(const Work& work, uint32_t index, const TableEntry* tables) {
  work.links[index] = {kNoList, 0};
  const ListState state = work.lists[index];
  const Subsequence subsequence = subsequence_of(work, index);
  if (state.stop != Stop::kNone || !may_go_on(subsequence, state.position)) return;
  Lister lister(work, subsequence, tables);
  Meeting meeting(work, subsequence);
  lister.resume(state);
  bool met = meeting.find(lister);
  bool going = !met && lister.begin_block();
  while (going) {
    going = lister.step();
    if (!going || !lister.has_block()) continue;
    lister.finish_block();
    going = may_go_on(subsequence, lister.position());
    met = going && meeting.find(lister);
    going = going && !met && lister.begin_block();
  }
  if (met) work.links[index] = meeting.link();
  work.lists[index] = lister.leave();
}

template <class Block>
FASTDCT_HD void link_lists(Block& block, const Work& work, uint32_t group_index, TableEntry* near_tables) {
  const DeviceGroup& group = work.groups[group_index];
  block.each(
      [&](uint32_t thread) { copy_tables(work, work.table_sets[group.table_set], near_tables, thread); });
  block.each([&](uint32_t thread) {
    if (thread < group.num_subsequences)
      link_subsequence(work, group.first_subsequence + thread, near_tables);
  });
}

}  // namespace fastdct::jpeg::device
