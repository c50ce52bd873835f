// Launches kernels (block.h) on a stream. For .cu files.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "ransac/device/search.h"
#include "ransac/device/verify_cuda.h"

namespace fastdct::ransac::device {

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run_kernel(Kernel kernel) {
  __shared__ typename Kernel::Shared shared;
  kernel.run(CudaBlock(), &shared);
}

class Stream {
 public:
  explicit Stream(void* handle) : stream_(static_cast<cudaStream_t>(handle)) {}

  template <class Kernel>
  void operator()(const Kernel& kernel, std::uint32_t x, std::uint32_t y) const {
    run_kernel<<<dim3(x, y), Kernel::kThreads, 0, stream_>>>(kernel);
  }
  void zero(void* memory, std::size_t num_bytes) const { cudaMemsetAsync(memory, 0, num_bytes, stream_); }

 private:
  cudaStream_t stream_;
};

template <class Estimator>
const char* verify_cuda(const Batch& batch, const Estimator& estimator, const SearchOptions& options,
                        void* workspace, const Results& results, void* stream) {
  verify(Stream(stream), batch, estimator, options, workspace, results);
  const cudaError_t error = cudaPeekAtLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace fastdct::ransac::device
