// What a GPU would do, its threads played in random order.
#pragma once
#include <cstdint>

#include "jpeg/device/work.h"

namespace fastdct::jpeg::device {

struct HostMemory {
  uintptr_t arena, workspace, coefficients, statuses;
};

void play_decode_scans(const Launches& launches, const HostMemory& memory, uint64_t seed);

// What lists came to, once they were decoded.
struct Effort {
  uint64_t num_bits;   // that threads passed over; more than the segments have, as far as threads had to go
  uint64_t num_pages;  // that were filled
};
Effort effort_of(const Launches& launches, uintptr_t arena, uintptr_t workspace);

}  // namespace fastdct::jpeg::device
