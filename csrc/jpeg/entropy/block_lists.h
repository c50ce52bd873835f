// Where pieces of a scan that were decoded from guesses meet: a decoder that begins anywhere soon finds the
// true borders of blocks, and from the first block that it shares with another, (bit position, place in the
// MCU), both find the same ones for ever. For host and device alike.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg {

// The blocks that one piece passed over, in order; the first is the first of an MCU.
struct BlockList {
  uint64_t origin;            // bit that positions count from, where the piece nominally begins
  const uint32_t* positions;  // rising; bits
  uint32_t count;

  FASTDCT_HD uint64_t position(uint32_t block) const { return origin + positions[block]; }
};

struct BlockLink {
  uint32_t piece, block;
};

// The first block of a list at `position` or behind it; `count` if there is none.
FASTDCT_HD uint32_t find_block(const BlockList& list, uint64_t position) {
  uint32_t first = 0, last = list.count;
  while (first < last) {
    const uint32_t middle = first + (last - first) / 2;
    if (list.position(middle) < position)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

// The block of a later piece that is the same as `block` of `piece`: of the last piece that begins before it,
// since that one will be followed furthest. None: piece == num_lists.
FASTDCT_HD BlockLink link_block(const BlockList* lists, uint32_t num_lists, uint32_t mcu_size,
                                BlockLink from) {
  const uint64_t position = lists[from.piece].position(from.block);
  uint32_t piece = from.piece;
  while (piece + 1 < num_lists && lists[piece + 1].origin <= position) ++piece;
  if (piece == from.piece) return {num_lists, 0};
  const uint32_t block = find_block(lists[piece], position);
  const bool same = block < lists[piece].count && lists[piece].position(block) == position &&
                    block % mcu_size == from.block % mcu_size;
  return {same ? piece : num_lists, block};
}

}  // namespace fastdct::jpeg
