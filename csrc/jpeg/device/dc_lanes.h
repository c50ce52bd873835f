// The DC of each component of a scan, in four lanes of 16 bits. Sums wrap, as the CPU's do: a hostile file
// may carry them anywhere.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg::device {

FASTDCT_HD uint64_t lane_of(int32_t value, uint32_t component) {
  return static_cast<uint64_t>(static_cast<uint16_t>(value)) << 16 * component;
}

FASTDCT_HD int16_t value_in(uint64_t lanes, uint32_t component) {
  return static_cast<int16_t>(static_cast<uint16_t>(lanes >> 16 * component));
}

// The top bits are added by themselves, so that nothing is carried from lane to lane.
FASTDCT_HD uint64_t add_lanes(uint64_t a, uint64_t b) {
  constexpr uint64_t kTop = 0x8000800080008000;
  return ((a & ~kTop) + (b & ~kTop)) ^ ((a ^ b) & kTop);
}

// Lanes added up over the threads of a thread block, by Hillis and Steele (1986): step s adds what stands 2^s
// threads before, from one array to the other. The sums end in lanes[kScanSteps % 2].
constexpr uint32_t kScanThreads = 32, kScanSteps = 5;

FASTDCT_HD void scan_step(uint64_t (&lanes)[2][kScanThreads], uint32_t step, uint32_t thread) {
  const uint64_t own = lanes[step % 2][thread];
  const bool has_other = thread >= 1u << step;
  lanes[(step + 1) % 2][thread] = has_other ? add_lanes(lanes[step % 2][thread - (1u << step)], own) : own;
}

template <class Block>
FASTDCT_HD void scan_lanes(Block& block, uint64_t (&lanes)[2][kScanThreads]) {
  for (uint32_t step = 0; step < kScanSteps; ++step)
    block.each([&](uint32_t thread) { scan_step(lanes, step, thread); });
}

}  // namespace fastdct::jpeg::device
