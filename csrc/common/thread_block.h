// A kernel as phases between barriers, written once: a function of a thread block whose each() runs a phase
// in all of its threads. A GPU's threads run it at once; on the host they are played in random order.
//
// What phases hand to later ones lies in shared memory. Whatever decides whether another phase follows is the
// same for all threads, and may be read between phases: barriers stand on both sides of each.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "common/thread_order.h"

namespace fastdct {

// The thread block that this thread of a GPU is in.
struct OwnThreadBlock {
  template <class Phase>
  FASTDCT_HD void each(Phase phase) const {
#if defined(__CUDA_ARCH__)
    __syncthreads();
    phase(static_cast<uint32_t>(threadIdx.x));
    __syncthreads();
#else
    static_cast<void>(phase);
#endif
  }
};

// One that is played on the host.
class PlayedThreadBlock {
 public:
  PlayedThreadBlock(ThreadOrder& order, uint32_t num_threads) : order_(order), num_threads_(num_threads) {}

  template <class Phase>
  void each(Phase phase) {
    order_.for_each(num_threads_, phase);
  }

 private:
  ThreadOrder& order_;
  uint32_t num_threads_;
};

}  // namespace fastdct
