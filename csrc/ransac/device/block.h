// A thread block as kernels see it. A kernel is a struct with
//   kThreads                      of a block
//   Shared                        plain data that the threads of a block share, undefined at first
//   run(block, Shared*) const     phases, with a barrier after each
// written once: on a GPU every thread runs it, on the host its phases are played thread by thread in random
// order. Between phases only Shared and memory remember what a thread found; what run() itself decides, all
// threads decide alike.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "common/thread_order.h"
#include "ransac/group.h"

namespace fastdct::ransac::device {

class PlayedBlock {
 public:
  PlayedBlock(ThreadOrder* order, std::uint32_t x, std::uint32_t y, std::uint32_t num_threads)
      : order_(order), x_(x), y_(y), num_threads_(num_threads) {}

  std::int32_t x() const { return static_cast<std::int32_t>(x_); }
  std::int32_t y() const { return static_cast<std::int32_t>(y_); }

  // phase(thread)
  template <class Phase>
  void each_thread(const Phase& phase) const {
    order_->for_each(num_threads_, [&](std::uint32_t t) { phase(static_cast<std::int32_t>(t)); });
  }
  // phase()
  template <class Phase>
  void one_thread(const Phase& phase) const {
    phase();
  }
  // phase(group, its number): neighbouring threads that work together (group.h).
  template <int Lanes, class Phase>
  void each_group(const Phase& phase) const {
    order_->for_each(num_threads_ / Lanes, [&](std::uint32_t number) {
      phase(SerialGroup<Lanes>(), static_cast<std::int32_t>(number));
    });
  }
  // Of a word that other blocks set bits in at the same time.
  static void set_bits(std::uint32_t* word, std::uint32_t bits) { *word |= bits; }

 private:
  ThreadOrder* order_;
  std::uint32_t x_, y_, num_threads_;
};

#if defined(__CUDACC__)
class CudaBlock {
 public:
  __device__ std::int32_t x() const { return static_cast<std::int32_t>(blockIdx.x); }
  __device__ std::int32_t y() const { return static_cast<std::int32_t>(blockIdx.y); }

  template <class Phase>
  __device__ __forceinline__ void each_thread(const Phase& phase) const {
    phase(static_cast<std::int32_t>(threadIdx.x));
    __syncthreads();
  }
  template <class Phase>
  __device__ __forceinline__ void one_thread(const Phase& phase) const {
    if (threadIdx.x == 0) phase();
    __syncthreads();
  }
  template <int Lanes, class Phase>
  __device__ __forceinline__ void each_group(const Phase& phase) const {
    phase(WarpGroup<Lanes>(), static_cast<std::int32_t>(threadIdx.x) / Lanes);
    __syncthreads();
  }
  __device__ static void set_bits(std::uint32_t* word, std::uint32_t bits) { atomicOr(word, bits); }
};
#endif

}  // namespace fastdct::ransac::device
