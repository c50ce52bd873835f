// Files decoded here and packed for a device, which expands them: the way of those that it does not decode.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/batch.h"

namespace fastdct {

// Where packed coefficients go: host memory, aligned to 16 bytes, to be copied to the device as it is; and,
// there, blocks [first_block, end_block) of the batch's coefficients.
struct Room {
  uint8_t* arena;
  size_t num_bytes;
  uint64_t first_block;
  uint64_t end_block;
};

struct ShippedRow {
  enum class State { kShipped, kFailed, kLeft };  // kLeft: there was no room for it any more
  State state = State::kLeft;
  std::string error;                  // kFailed: the cause
  jpeg::CoefficientImage image;       // kShipped; its planes have no data here
  std::vector<uint64_t> first_block;  // of each plane
  size_t num_bytes = 0;               // kShipped, or kLeft after it was read: what it takes of the room
  uint64_t num_blocks = 0;
};

struct Shipment {
  std::vector<ShippedRow> rows;  // row i is source i
  size_t num_bytes = 0;          // of the arena, from its beginning; the groups included
  size_t first_group = 0;        // where in the arena they are (jpeg/compact/group.h)
  size_t num_groups = 0;
  uint64_t end_block = 0;  // blocks from here on are still free
};

// Reads sources in their order until there is no room; the few in work then may be left too. Planes and
// frequencies as options.request has them; its layout does not matter.
Shipment ship(const std::vector<BatchSource>& sources, const BatchOptions& options, const Room& room);

}  // namespace fastdct
