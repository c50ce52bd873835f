// The kernels of a batch: how many thread blocks of how many threads, how much shared memory, and what one
// thread block does. decode_cuda.cu launches them, emulation.cpp plays them, in the order of run_kernels().
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "jpeg/device/expand.h"
#include "jpeg/device/follow.h"
#include "jpeg/device/link_lists.h"
#include "jpeg/device/list_blocks.h"
#include "jpeg/device/prepare.h"
#include "jpeg/device/sum_dc.h"

namespace fastdct::jpeg::device {

inline uint32_t divide_up(uint32_t count, uint32_t by) { return count / by + (count % by > 0 ? 1 : 0); }

struct Prepare {
  static constexpr uint32_t kThreads = 256;
  static uint32_t num_blocks(const Launches& l) {
    return divide_up(std::max({l.num_sources, l.num_scans, l.num_subsequences}), kThreads);
  }
  static size_t shared_bytes(const Launches&) { return 0; }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches& l, const Work& work, uint32_t index, void*) {
    block.each([&](uint32_t thread) { begin_work(l, work, index * kThreads + thread); });
  }
};

struct BuildTables {
  static constexpr uint32_t kThreads = kBuildThreads;
  static uint32_t num_blocks(const Launches& l) { return l.num_table_sets; }
  static size_t shared_bytes(const Launches&) { return 0; }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void*) {
    block.each([&](uint32_t thread) { build_tables(work, index, thread); });
  }
};

struct ListBlocks {
  static constexpr uint32_t kThreads = kGroupSize;
  static uint32_t num_blocks(const Launches& l) { return l.num_groups; }
  static size_t shared_bytes(const Launches& l) { return l.max_set_entries * sizeof(TableEntry); }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void* shared) {
    list_blocks(block, work, index, static_cast<TableEntry*>(shared));
  }
};

struct LinkLists {
  static constexpr uint32_t kThreads = kGroupSize;
  static uint32_t num_blocks(const Launches& l) { return l.num_groups; }
  static size_t shared_bytes(const Launches& l) { return l.max_set_entries * sizeof(TableEntry); }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void* shared) {
    link_lists(block, work, index, static_cast<TableEntry*>(shared));
  }
};

struct FollowLinks {
  static constexpr uint32_t kThreads = kFollowThreads;
  static uint32_t num_blocks(const Launches& l) { return l.num_segments; }
  static size_t shared_bytes(const Launches&) { return sizeof(FollowShared); }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void* shared) {
    follow_links(block, work, index, *static_cast<FollowShared*>(shared));
  }
};

struct SumLists {
  static constexpr uint32_t kThreads = 128;
  static uint32_t num_blocks(const Launches& l) { return divide_up(l.num_subsequences, kThreads); }
  static size_t shared_bytes(const Launches&) { return 0; }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches& l, const Work& work, uint32_t index, void*) {
    block.each([&](uint32_t thread) {
      if (index * kThreads + thread < l.num_subsequences) sum_list(work, index * kThreads + thread);
    });
  }
};

struct PredictDc {
  static constexpr uint32_t kThreads = kScanThreads;
  static uint32_t num_blocks(const Launches& l) { return l.num_segments; }
  static size_t shared_bytes(const Launches&) { return sizeof(PredictShared); }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void* shared) {
    predict_dc(block, work, index, *static_cast<PredictShared*>(shared));
  }
};

struct ExpandLists {
  static constexpr uint32_t kThreads = kExpandThreads;
  static uint32_t num_blocks(const Launches& l) { return l.num_subsequences; }
  static size_t shared_bytes(const Launches&) { return sizeof(ExpandShared); }
  template <class Block>
  FASTDCT_HD static void run(Block& block, const Launches&, const Work& work, uint32_t index, void* shared) {
    expand_list(block, work, index, *static_cast<ExpandShared*>(shared));
  }
};

// Calls run(Kernel()) for each, every one of which needs all that the ones before have written.
template <class Run>
void run_kernels(Run run) {
  run(Prepare());
  run(BuildTables());
  run(ListBlocks());
  run(LinkLists());
  run(FollowLinks());
  run(SumLists());
  run(PredictDc());
  run(ExpandLists());
}

}  // namespace fastdct::jpeg::device
