// Fourth and fifth pass: DC differences are added up over each list's blocks of the segment, and then over
// the lists, which gives the predictors that each list begins with (T.81, F.1.1.5.1).
#pragma once
#include <cstdint>

#include "common/shared_words.h"
#include "common/thread_block.h"
#include "jpeg/device/dc_lanes.h"
#include "jpeg/device/status.h"
#include "jpeg/device/work.h"

namespace fastdct::jpeg::device {

// Takes the blocks of a list one after the other, from the first one on.
class ListReader {
 public:
  FASTDCT_HD ListReader(const Page* pages, uint32_t first_page) : pages_(pages), page_(first_page) {}

  FASTDCT_HD void skip(uint32_t count) {
    slot_ += count;
    while (slot_ > pages_[page_].num_blocks) {
      slot_ -= pages_[page_].num_blocks;
      page_ = pages_[page_].next;
    }
  }

  // There must be one.
  FASTDCT_HD ListedBlock next() {
    if (slot_ == pages_[page_].num_blocks) {
      slot_ = 0;
      page_ = pages_[page_].next;
    }
    return pages_[page_].block(slot_++);
  }

 private:
  const Page* pages_;
  uint32_t page_, slot_ = 0;
};

// The last block of a segment ends in its last byte: an encoder pads to a byte, no further.
FASTDCT_HD bool ends_segment(const Subsequence& subsequence, uint32_t end_bit) {
  return (end_bit + 7) / 8 == subsequence.segment.num_bytes;
}

FASTDCT_HD void sum_list(const Work& work, uint32_t index) {
  const Span span = work.spans[index];
  uint64_t sums = 0;
  if (span.count > 0) {
    const Subsequence subsequence = subsequence_of(work, index);
    const DeviceScan& scan = subsequence.scan;
    ListReader reader(work.pages, index);
    reader.skip(span.first);
    uint32_t place = span.number % scan.mcu_size;
    for (uint32_t i = 0; i < span.count; ++i) {
      sums = add_lanes(sums, lane_of(reader.next().dc, scan.places[place].component));
      place = place + 1 == scan.mcu_size ? 0 : place + 1;
    }
    if (span.number + span.count == subsequence.segment.num_blocks) {
      const ListState& list = work.lists[index];
      const bool is_last = span.first + span.count == list.num_blocks;
      const uint32_t end = is_last ? list.position : reader.next().position;
      if (!ends_segment(subsequence, end)) or_atomically(&work.statuses[scan.source], kDamaged);
    }
  }
  work.dc[index] = sums;
}

struct PredictShared {
  uint64_t lanes[2][kScanThreads];
  uint64_t before;  // sums of the lists that are done
};

template <class Block>
FASTDCT_HD void predict_dc(Block& block, const Work& work, uint32_t segment_index, PredictShared& shared) {
  const DeviceSegment& segment = work.segments[segment_index];
  block.each([&](uint32_t thread) {
    if (thread == 0) shared.before = 0;
  });
  for (uint32_t done = 0; done < segment.num_subsequences; done += kScanThreads) {
    const uint32_t left = segment.num_subsequences - done;
    uint64_t* const dc = work.dc + segment.first_subsequence + done;
    block.each([&](uint32_t thread) { shared.lanes[0][thread] = thread < left ? dc[thread] : 0; });
    scan_lanes(block, shared.lanes);
    const uint64_t* const sums = shared.lanes[kScanSteps % 2];
    block.each([&](uint32_t thread) {
      if (thread < left) dc[thread] = add_lanes(shared.before, thread > 0 ? sums[thread - 1] : 0);
    });
    block.each([&](uint32_t thread) {
      if (thread == 0) shared.before = add_lanes(shared.before, sums[kScanThreads - 1]);
    });
  }
}

}  // namespace fastdct::jpeg::device
