// What comes before decoding: counters at zero, the segment of every subsequence, lookup tables.
#pragma once
#include <cstdint>

#include "common/thread_block.h"
#include "jpeg/device/code_table.h"
#include "jpeg/device/work.h"

namespace fastdct::jpeg::device {

// The last segment that begins with this subsequence or before it. Segments without bytes have no
// subsequences; the one behind begins with the same number.
FASTDCT_HD uint32_t find_segment(const Work& work, uint32_t num_segments, uint32_t subsequence) {
  uint32_t first = 0, end = num_segments;
  while (end - first > 1) {
    const uint32_t middle = first + (end - first) / 2;
    if (work.segments[middle].first_subsequence <= subsequence)
      first = middle;
    else
      end = middle;
  }
  return first;
}

FASTDCT_HD void begin_work(const Launches& launches, const Work& work, uint32_t index) {
  if (index < launches.num_sources) work.statuses[index] = 0;
  if (index < launches.num_scans) work.num_scan_pages[index] = 0;
  if (index < launches.num_subsequences)
    work.segment_of[index] = find_segment(work, launches.num_segments, index);
}

constexpr uint32_t kBuildThreads = 128;

// The tables of one set: each thread finds some entries of each.
FASTDCT_HD void build_tables(const Work& work, uint32_t set_index, uint32_t thread) {
  const DeviceTableSet& set = work.table_sets[set_index];
  for (uint32_t i = 0; i < set.num_codes; ++i) {
    const DeviceCode& code = work.codes[set.first_code + i];
    TableEntry* const table = work.tables + set.first_entry + code.first_entry;
    for (uint32_t entry = thread; entry < code.num_entries; entry += kBuildThreads)
      table[entry] = table_entry(code, entry);
  }
}

}  // namespace fastdct::jpeg::device
