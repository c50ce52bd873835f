#include "jpeg/compact/expand.h"
#include "jpeg/compact/expand_cuda.h"

namespace fastdct::jpeg::compact {
namespace {

__global__ void __launch_bounds__(kThreads) expand(Expansion expansion, const Group* groups) {
  __shared__ Shared shared;
  const auto thread = static_cast<int>(threadIdx.x);
  const Group group = groups[blockIdx.x];
  measure(expansion, group, thread, &shared);
  __syncthreads();
  place(thread, &shared);
  __syncthreads();
  expand_row(expansion, group, thread, shared);
}

}  // namespace

cudaError_t expand_cuda(const void* arena, size_t first_group, size_t num_groups, int16_t* coefficients,
                        cudaStream_t stream) {
  if (num_groups == 0) return cudaSuccess;
  if (num_groups > 0x7FFFFFFF) return cudaErrorInvalidConfiguration;
  const auto* bytes = static_cast<const uint8_t*>(arena);
  const Expansion expansion{bytes, reinterpret_cast<Row*>(coefficients)};
  expand<<<static_cast<unsigned>(num_groups), kThreads, 0, stream>>>(
      expansion, reinterpret_cast<const Group*>(bytes + first_group));
  return cudaGetLastError();
}

}  // namespace fastdct::jpeg::compact
