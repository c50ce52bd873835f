// Third pass: from the first list of a segment along the links. Lists that are met hold the segment's blocks,
// from where they were met up to where they meet the next one. One thread a segment follows, in shared
// memory: links of a 100 KB picture are some hundred.
#pragma once
#include <cstdint>

#include "common/shared_words.h"
#include "common/thread_block.h"
#include "jpeg/device/status.h"
#include "jpeg/device/work.h"

namespace fastdct::jpeg::device {

constexpr uint32_t kFollowThreads = 32;

struct FollowShared {
  static constexpr uint32_t kTile = 256;  // subsequences
  Link next;                              // list that the segment goes on in; kNoList: it ends
  uint32_t num_blocks;                    // of the segment, in lists so far
  Stop stop;                              // of the last list
  Link links[kTile];
  uint32_t totals[kTile];
  Stop stops[kTile];
  Span spans[kTile];
};

// Follows as far as lists lie in the tile, which begins with the subsequence `first`.
FASTDCT_HD void follow_tile(const DeviceSegment& segment, uint32_t first, uint32_t count,
                            FollowShared& shared) {
  while (shared.next.subsequence != kNoList && shared.next.subsequence - first < count) {
    const Link at = shared.next;
    const uint32_t i = at.subsequence - first;
    const uint32_t left = segment.num_blocks - shared.num_blocks;
    const uint32_t listed = shared.totals[i] - at.block;
    shared.spans[i] = {at.block, listed < left ? listed : left, shared.num_blocks};
    shared.num_blocks += shared.spans[i].count;
    shared.stop = shared.stops[i];
    shared.next = shared.num_blocks < segment.num_blocks ? shared.links[i] : Link{kNoList, 0};
  }
}

template <class Block>
FASTDCT_HD void follow_links(Block& block, const Work& work, uint32_t segment_index, FollowShared& shared) {
  const DeviceSegment& segment = work.segments[segment_index];
  block.each([&](uint32_t thread) {
    if (thread > 0) return;
    shared.next = {segment.num_subsequences > 0 ? segment.first_subsequence : kNoList, 0};
    shared.num_blocks = 0;
    shared.stop = Stop::kNone;
  });
  for (uint32_t done = 0; done < segment.num_subsequences; done += FollowShared::kTile) {
    const uint32_t first = segment.first_subsequence + done, left = segment.num_subsequences - done;
    const uint32_t count = left < FollowShared::kTile ? left : FollowShared::kTile;
    block.each([&](uint32_t thread) {
      for (uint32_t i = thread; i < count; i += kFollowThreads) {
        shared.links[i] = work.links[first + i];
        shared.totals[i] = work.lists[first + i].num_blocks;
        shared.stops[i] = work.lists[first + i].stop;
        shared.spans[i] = {0, 0, 0};
      }
    });
    block.each([&](uint32_t thread) {
      if (thread == 0) follow_tile(segment, first, count, shared);
    });
    block.each([&](uint32_t thread) {
      for (uint32_t i = thread; i < count; i += kFollowThreads) work.spans[first + i] = shared.spans[i];
    });
  }
  block.each([&](uint32_t thread) {
    if (thread == 0 && shared.num_blocks < segment.num_blocks)
      or_atomically(&work.statuses[work.scans[segment.scan].source],
                    shared.stop == Stop::kFull ? kOverflow : kDamaged);
  });
}

}  // namespace fastdct::jpeg::device
