// Expansion on the current CUDA device, on the caller's stream; never synchronises, never allocates.
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace fastdct::jpeg::compact {

// Groups lie in the arena, from byte `first_group` on. cudaSuccess, or why the kernel was not launched.
cudaError_t expand_cuda(const void* arena, size_t first_group, size_t num_groups, int16_t* coefficients,
                        cudaStream_t stream);

}  // namespace fastdct::jpeg::compact
