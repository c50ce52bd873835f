// From a group to its blocks, by a thread block of kThreads threads: three phases with a barrier after each.
// Threads of one phase touch nothing of each other's.
#pragma once
#include <cstddef>
#include <cstdint>

#include "common/host_device.h"
#include "jpeg/compact/group.h"

namespace fastdct::jpeg::compact {

constexpr int kThreads = kGroupBlocks * kRows;

// The memory that the threads share.
struct Shared {
  uint32_t size[kGroupBlocks];   // bytes of each block's values
  uint32_t first[kGroupBlocks];  // where they begin, in bytes from the first block's
};

// A row of a block: 8 coefficients, stored at once.
struct alignas(16) Row {
  uint32_t pairs[4];
};

struct Expansion {
  const uint8_t* arena;
  Row* blocks;  // the batch's coefficients, rows of blocks

  FASTDCT_HD const uint8_t* data(const Group& group) const {
    return arena + static_cast<size_t>(group.data) * kUnit;
  }
  FASTDCT_HD uint64_t mask(const Group& group, int block) const {
    return reinterpret_cast<const uint64_t*>(data(group))[block];
  }
  FASTDCT_HD Row* target(const Group& group, int thread) const {
    return blocks + group.first_block * kRows + thread;
  }
};

FASTDCT_HD void measure(const Expansion& expansion, const Group& group, int thread, Shared* shared) {
  if (thread >= kGroupBlocks) return;
  const bool counted = thread < group.num_blocks && group.form != kDense;
  shared->size[thread] = counted ? value_bytes(expansion.mask(group, thread)) : 0;
}

// Everyone adds for itself: reads that a warp shares, and no further barriers.
FASTDCT_HD void place(int thread, Shared* shared) {
  if (thread >= kGroupBlocks) return;
  uint32_t sum = 0;
  for (int i = 0; i < kGroupBlocks; ++i) sum += i < thread ? shared->size[i] : 0;
  shared->first[thread] = sum;
}

FASTDCT_HD uint32_t value_at(const uint8_t* values, uint32_t rank, uint32_t wide) {
  if (wide == 0) return static_cast<uint16_t>(static_cast<int8_t>(values[rank]));
  return values[2 * rank] | static_cast<uint32_t>(values[2 * rank + 1]) << 8;  // they lie anywhere
}

FASTDCT_HD void expand_row(const Expansion& expansion, const Group& group, int thread, const Shared& shared) {
  const int block = thread / kRows, row = thread % kRows;
  if (block >= group.num_blocks) return;
  const uint8_t* data = expansion.data(group);
  if (group.form == kDense) {
    *expansion.target(group, thread) = reinterpret_cast<const Row*>(data)[thread];
    return;
  }
  const uint64_t mask = expansion.mask(group, block);
  const uint8_t* values = data + head_bytes(group.num_blocks) + shared.first[block];
  uint32_t rank = num_bits(is_ac(mask) & ((uint64_t{1} << (8 * row)) - 1));
  const auto present = static_cast<uint32_t>(is_ac(mask) >> (8 * row)) & 255;
  Row out{};
  for (int i = 0; i < 8; ++i)
    if (present >> i & 1) out.pairs[i / 2] |= value_at(values, rank++, is_wide(mask)) << (16 * (i % 2));
  if (row == 0) out.pairs[0] |= reinterpret_cast<const uint16_t*>(data + 8 * group.num_blocks)[block];
  *expansion.target(group, thread) = out;
}

}  // namespace fastdct::jpeg::compact
