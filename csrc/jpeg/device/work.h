// All that the kernels of a batch read and write: addresses of one memory, the device's or, played, the
// host's.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "common/host_device.h"
#include "jpeg/device/code_table.h"
#include "jpeg/device/descriptors.h"
#include "jpeg/device/page.h"

namespace fastdct::jpeg::device {

// Why a thread cannot go on.
enum class Stop : uint32_t { kNone, kBroken, kFull };

// A list, and where the thread that writes it stands between two blocks.
struct ListState {
  uint32_t position;    // of the block that is due, in bits from the beginning of the segment
  uint32_t num_blocks;  // listed
  uint32_t page;
  uint16_t num_page_tokens, num_page_blocks;
  Stop stop;
};

// How far a list went before lists were linked: what others may look at while its thread goes on.
struct Listed {
  uint32_t num_blocks, last_page;
};

constexpr uint32_t kNoList = 0xFFFFFFFF;

// The block of a later list that is the first one behind a list.
struct Link {
  uint32_t subsequence, block;
};

// Blocks of a list that are the segment's, none where it was met nowhere.
struct Span {
  uint32_t first, count;
  uint32_t number;  // of the first, in the segment
};

struct Work {
  const uint8_t* arena;
  const DevicePlane* planes;
  const uint16_t* quantization;  // [tables, 64]
  const DeviceCode* codes;
  const DeviceTableSet* table_sets;
  const DeviceScan* scans;
  const DeviceSegment* segments;
  const DeviceGroup* groups;

  TableEntry* tables;        // [entries]
  uint32_t* segment_of;      // [subsequences]
  uint32_t* num_scan_pages;  // [scans]: taken beside the subsequences' own
  ListState* lists;          // [subsequences]
  Listed* listed;            // [subsequences]
  Link* links;               // [subsequences]
  Span* spans;               // [subsequences]
  uint64_t* dc;              // [subsequences]: sums of differences, then predictors (dc_lanes.h)
  Page* pages;               // [pages]: of each subsequence the first, then those of scans

  int16_t* coefficients;
  uint32_t* statuses;  // [sources]
};

// Addresses of a batch; `workspace_bytes` is what they need.
inline Work lay_out(const Launches& launches, uintptr_t arena, uintptr_t workspace, size_t& workspace_bytes) {
  Work work{};
  const auto from_arena = [arena](auto*& part, uint64_t offset) {
    part = reinterpret_cast<std::remove_reference_t<decltype(part)>>(arena + offset);
  };
  work.arena = reinterpret_cast<const uint8_t*>(arena);
  from_arena(work.planes, launches.planes);
  from_arena(work.quantization, launches.quantization);
  from_arena(work.codes, launches.codes);
  from_arena(work.table_sets, launches.table_sets);
  from_arena(work.scans, launches.scans);
  from_arena(work.segments, launches.segments);
  from_arena(work.groups, launches.groups);

  size_t at = 0;
  const auto place = [&at, workspace](auto*& part, size_t count) {
    constexpr size_t kAlignment = 256;
    part = reinterpret_cast<std::remove_reference_t<decltype(part)>>(workspace + at);
    at = (at + count * sizeof(*part) + kAlignment - 1) / kAlignment * kAlignment;
  };
  const size_t num_subsequences = launches.num_subsequences;
  place(work.tables, launches.num_entries);
  place(work.segment_of, num_subsequences);
  place(work.num_scan_pages, launches.num_scans);
  place(work.lists, num_subsequences);
  place(work.listed, num_subsequences);
  place(work.links, num_subsequences);
  place(work.spans, num_subsequences);
  place(work.dc, num_subsequences);
  place(work.pages, launches.num_pages);
  workspace_bytes = at;
  return work;
}

// A subsequence: bits of a segment that a thread begins with.
struct Subsequence {
  uint32_t index;  // of the batch
  const DeviceSegment& segment;
  const DeviceScan& scan;
  uint32_t first_bit, end_bit;  // of the segment

  FASTDCT_HD bool is_guess() const { return index != segment.first_subsequence; }
  FASTDCT_HD uint32_t num_segment_bits() const { return 8 * segment.num_bytes; }
};

FASTDCT_HD Subsequence subsequence_of(const Work& work, uint32_t index) {
  const DeviceSegment& segment = work.segments[work.segment_of[index]];
  const DeviceScan& scan = work.scans[segment.scan];
  const uint32_t first = (index - segment.first_subsequence) * scan.subsequence_bits;
  const uint32_t end = first + scan.subsequence_bits, last = 8 * segment.num_bytes;
  return {index, segment, scan, first, end < last ? end : last};
}

}  // namespace fastdct::jpeg::device
