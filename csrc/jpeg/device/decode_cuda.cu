#include "jpeg/device/decode_cuda.h"
#include "jpeg/device/kernels.h"

namespace fastdct::jpeg::device {
namespace {

template <class Kernel>
__global__ void __launch_bounds__(Kernel::kThreads) run(Launches launches, Work work) {
  extern __shared__ uint4 shared[];
  OwnThreadBlock block;
  Kernel::run(block, launches, work, blockIdx.x, shared);
}

}  // namespace

cudaError_t decode_scans(const Launches& launches, const DeviceMemory& memory, cudaStream_t stream) {
  size_t workspace_bytes;
  Work work = lay_out(launches, memory.arena, memory.workspace, workspace_bytes);
  work.coefficients = reinterpret_cast<int16_t*>(memory.coefficients);
  work.statuses = reinterpret_cast<uint32_t*>(memory.statuses);
  cudaError_t error = cudaSuccess;
  run_kernels([&](auto kernel) {
    using Kernel = decltype(kernel);
    const uint32_t num_blocks = Kernel::num_blocks(launches);
    if (error != cudaSuccess || num_blocks == 0) return;
    run<Kernel><<<num_blocks, Kernel::kThreads, Kernel::shared_bytes(launches), stream>>>(launches, work);
    error = cudaGetLastError();
  });
  return error;
}

}  // namespace fastdct::jpeg::device
