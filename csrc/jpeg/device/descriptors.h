// What a device is told of a batch: plain data, copied to its memory together with the entropy-coded bytes.
#pragma once
#include <cstdint>

#include "common/device_plane.h"

namespace fastdct::jpeg::device {

constexpr uint32_t kMaxPlaces = 10;  // blocks of an MCU; T.81, B.2.3
constexpr uint32_t kMaxPlanes = 4;

// A Huffman code (T.81, Annex C): a DHT segment as far as lookup tables are built from it.
struct DeviceCode {
  uint32_t code_limit[17];  // first 16-bit window past all codes of up to this length; [0] == 0
  int32_t first_index[17];  // of a code of this length: symbols[first_index + its value]
  uint8_t symbols[256];
  uint32_t is_ac;
  uint32_t first_entry;  // of its table, in its set
  uint32_t num_entries;
};

// The codes that a scan decodes with. Their tables lie in one piece: a thread block keeps them near.
struct DeviceTableSet {
  uint32_t first_code, num_codes;
  uint32_t first_entry, num_entries;  // of all tables of the batch; multiples of 8, which are 16 bytes
};

// The place of a block in an MCU.
struct DevicePlace {
  uint32_t tables;    // first entries in the set: the DC's in the low 16 bits, the AC's above
  uint8_t component;  // of the scan
  uint8_t row, col;   // among the component's blocks of the MCU
  uint8_t reserved;
};

struct DeviceScan {
  uint32_t source;        // whose status it sets
  uint32_t num_mcu_cols;  // of the scan: a component alone has MCUs of one block (T.81, A.2.2)
  uint32_t mcu_size;      // blocks
  uint32_t period;        // of the tables along the places of MCUs: a divisor of mcu_size
  uint32_t subsequence_bits;
  uint32_t first_page, num_pages;  // that its subsequences may take beside their own
  DevicePlace places[kMaxPlaces];
  struct {
    uint32_t plane;                 // of the batch
    uint32_t horizontal, vertical;  // blocks in an MCU
  } components[kMaxPlanes];
};

// An entropy-coded segment: a scan, or what lies between two of its restart markers. Its bytes are without
// stuffing, begin at a multiple of kSegmentAlignment and are followed by ones, kSegmentTail bytes or more.
struct DeviceSegment {
  uint64_t first_byte;  // in the arena
  uint32_t num_bytes;
  uint32_t scan;
  uint32_t first_mcu;
  uint32_t num_blocks;
  uint32_t first_subsequence, num_subsequences;
};

constexpr uint32_t kSegmentAlignment = 16;
constexpr uint32_t kSegmentTail = 16;            // bit_reader.h says why
constexpr uint32_t kMaxSegmentBytes = 1u << 28;  // positions are 32 bits of bits

// Subsequences that one thread block decodes: neighbours that have the same tables.
struct DeviceGroup {
  uint32_t table_set;
  uint32_t first_subsequence, num_subsequences;
  uint32_t reserved;
};

// Counts of a batch and where its parts begin, in bytes from the beginning of the arena. Stays on the host.
struct Launches {
  uint32_t num_sources, num_codes, num_table_sets, num_scans, num_segments, num_groups, num_subsequences;
  uint32_t num_planes, num_tables;  // of quantisation
  uint32_t num_entries;             // of all lookup tables
  uint32_t max_set_entries;         // of one set
  uint32_t num_pages;
  uint64_t num_blocks;
  uint64_t planes, quantization, codes, table_sets, scans, segments, groups, data;
  uint64_t arena_bytes;
};

}  // namespace fastdct::jpeg::device
