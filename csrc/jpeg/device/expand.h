// Last pass: from lists to grids. A thread block takes the blocks of one list, 32 at a time: it adds up their
// DC, scatters their coefficients into shared memory and writes every block as a whole line of 128 bytes,
// zeros included, so that nothing has to be cleared before.
#pragma once
#include <cstdint>

#include "common/shared_words.h"
#include "common/thread_block.h"
#include "jpeg/device/dc_lanes.h"
#include "jpeg/device/status.h"
#include "jpeg/device/work.h"
#include "jpeg/entropy/zigzag.h"
#include "jpeg/impossible_dc.h"

namespace fastdct::jpeg::device {

constexpr uint32_t kExpandThreads = kScanThreads;  // one a block of the tile
constexpr uint32_t kBlockElements = 64;
constexpr uint32_t kPiecesOfBlock = kBlockElements * sizeof(int16_t) / kPieceBytes;
// Elements from a block of the tile to the next: one piece more than a block has. Equal coefficients of 8
// neighbours then lie in different banks of shared memory, instead of all in one.
constexpr uint32_t kTilePitch = kBlockElements + kPieceBytes / sizeof(int16_t);

struct ExpandShared {
  alignas(16) int16_t tile[kExpandThreads][kTilePitch];
  uint64_t lanes[2][kScanThreads];
  uint64_t dc;      // predictors before the tile
  uint32_t number;  // of the tile's first block in the segment
  uint32_t left;    // blocks of the list, the tile's among them
  uint32_t page, slot, count;
  uint64_t targets[kExpandThreads];  // blocks of the batch; kNowhere: one that only fills up an MCU
};
constexpr uint64_t kNowhere = ~uint64_t{0};

// Where a block of a segment goes, and what it is multiplied with.
struct Destination {
  uint64_t block;
  uint32_t dc_step;
};

FASTDCT_HD Destination destination_of(const Work& work, const Subsequence& subsequence, uint32_t number) {
  const DeviceScan& scan = subsequence.scan;
  const uint32_t mcu = subsequence.segment.first_mcu + number / scan.mcu_size;
  const DevicePlace& place = scan.places[number % scan.mcu_size];
  const auto& component = scan.components[place.component];
  const DevicePlane& plane = work.planes[component.plane];
  const uint32_t row = mcu / scan.num_mcu_cols * component.vertical + place.row;
  const uint32_t col = mcu % scan.num_mcu_cols * component.horizontal + place.col;
  const bool inside = row < plane.num_rows && col < plane.num_cols;
  return {inside ? plane.first_block + uint64_t{row} * plane.num_cols + col : kNowhere,
          work.quantization[plane.quantization * kBlockElements]};
}

// Of the tile's blocks, the next ones of the list that lie in one page.
FASTDCT_HD void choose_blocks(const Work& work, ExpandShared& shared) {
  while (shared.slot >= work.pages[shared.page].num_blocks) {
    shared.slot -= work.pages[shared.page].num_blocks;
    shared.page = work.pages[shared.page].next;
  }
  const uint32_t in_page = work.pages[shared.page].num_blocks - shared.slot;
  shared.count = in_page < shared.left ? in_page : shared.left;
  shared.count = shared.count < kExpandThreads ? shared.count : kExpandThreads;
}

FASTDCT_HD void clear_tile(ExpandShared& shared, uint32_t thread) {
  auto* const bytes = reinterpret_cast<uint8_t*>(shared.tile);
  for (uint32_t i = thread * kPieceBytes; i < sizeof(shared.tile); i += kExpandThreads * kPieceBytes)
    clear_piece(bytes + i);
}

FASTDCT_HD void scatter_tokens(const Page& page, const ListedBlock& block, int16_t* target) {
  uint32_t place = 0;
  uint64_t word = 0;
  for (uint32_t i = block.first_token, end = i + block.num_tokens; i < end; ++i) {
    if (i == block.first_token || i % kTokensOfWord == 0)
      word = page.words[i / kTokensOfWord] >> 16 * (i % kTokensOfWord);
    const auto token = static_cast<uint32_t>(word & 0xFFFF);
    word >>= 16;
    place += run_of(token) + 1;
    target[natural_index(place)] = static_cast<int16_t>(value_of(token));
  }
}

FASTDCT_HD void expand_block(const Work& work, const Subsequence& subsequence, uint32_t thread,
                             ExpandShared& shared) {
  const Page& page = work.pages[shared.page];
  const uint32_t number = shared.number + thread;
  const uint32_t component = subsequence.scan.places[number % subsequence.scan.mcu_size].component;
  const Destination destination = destination_of(work, subsequence, number);
  const int16_t dc = value_in(add_lanes(shared.dc, shared.lanes[kScanSteps % 2][thread]), component);
  if (is_impossible_dc(dc, static_cast<int>(destination.dc_step)))
    or_atomically(&work.statuses[subsequence.scan.source], kImpossibleDc);
  scatter_tokens(page, page.block(shared.slot + thread), shared.tile[thread]);
  shared.tile[thread][0] = dc;
  shared.targets[thread] = destination.block;
}

FASTDCT_HD void store_tile(const Work& work, const ExpandShared& shared, uint32_t thread) {
  for (uint32_t i = thread; i < shared.count * kPiecesOfBlock; i += kExpandThreads) {
    const uint32_t block = i / kPiecesOfBlock, piece = i % kPiecesOfBlock;
    if (shared.targets[block] == kNowhere) continue;
    const uint32_t first = piece * (kPieceBytes / sizeof(int16_t));
    copy_piece(work.coefficients + shared.targets[block] * kBlockElements + first,
               &shared.tile[block][first]);
  }
}

template <class Block>
FASTDCT_HD void expand_list(Block& block, const Work& work, uint32_t index, ExpandShared& shared) {
  const Span span = work.spans[index];
  if (span.count == 0) return;
  const Subsequence subsequence = subsequence_of(work, index);
  block.each([&](uint32_t thread) {
    if (thread > 0) return;
    shared.dc = work.dc[index];
    shared.number = span.number;
    shared.left = span.count;
    shared.page = index;
    shared.slot = span.first;
  });
  while (shared.left > 0) {
    block.each([&](uint32_t thread) {
      if (thread == 0) choose_blocks(work, shared);
    });
    block.each([&](uint32_t thread) {
      clear_tile(shared, thread);
      const DeviceScan& scan = subsequence.scan;
      const uint32_t place = (shared.number + thread) % scan.mcu_size;
      const bool there = thread < shared.count;
      shared.lanes[0][thread] = there ? lane_of(work.pages[shared.page].block(shared.slot + thread).dc,
                                                scan.places[place].component)
                                      : 0;
    });
    scan_lanes(block, shared.lanes);
    block.each([&](uint32_t thread) {
      if (thread < shared.count) expand_block(work, subsequence, thread, shared);
    });
    block.each([&](uint32_t thread) { store_tile(work, shared, thread); });
    block.each([&](uint32_t thread) {
      if (thread > 0) return;
      shared.dc = add_lanes(shared.dc, shared.lanes[kScanSteps % 2][kScanThreads - 1]);
      shared.number += shared.count;
      shared.slot += shared.count;
      shared.left -= shared.count;
    });
  }
}

}  // namespace fastdct::jpeg::device
