#include "jpeg/device/emulation.h"

#include <cstddef>
#include <vector>

#include "jpeg/device/kernels.h"

namespace fastdct::jpeg::device {

void play_decode_scans(const Launches& launches, const HostMemory& memory, uint64_t seed) {
  size_t workspace_bytes;
  Work work = lay_out(launches, memory.arena, memory.workspace, workspace_bytes);
  work.coefficients = reinterpret_cast<int16_t*>(memory.coefficients);
  work.statuses = reinterpret_cast<uint32_t*>(memory.statuses);
  ThreadOrder order(seed);
  run_kernels([&](auto kernel) {
    using Kernel = decltype(kernel);
    std::vector<std::max_align_t> shared(Kernel::shared_bytes(launches) / sizeof(std::max_align_t) + 1);
    PlayedThreadBlock block(order, Kernel::kThreads);
    order.for_each(Kernel::num_blocks(launches),
                   [&](uint32_t index) { Kernel::run(block, launches, work, index, shared.data()); });
  });
}

Effort effort_of(const Launches& launches, uintptr_t arena, uintptr_t workspace) {
  size_t workspace_bytes;
  const Work work = lay_out(launches, arena, workspace, workspace_bytes);
  Effort effort{0, launches.num_subsequences};
  for (uint32_t i = 0; i < launches.num_subsequences; ++i) {
    const Subsequence subsequence = subsequence_of(work, i);
    effort.num_bits += work.lists[i].position - subsequence.first_bit;
  }
  for (uint32_t i = 0; i < launches.num_scans; ++i) effort.num_pages += work.num_scan_pages[i];
  return effort;
}

}  // namespace fastdct::jpeg::device
