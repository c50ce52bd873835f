// The same as channels.h on the current CUDA device, on the caller's stream; never synchronises.
#pragma once
#include <cuda_runtime_api.h>

#include "dct/channels.h"

namespace fastdct::dct {

// cudaSuccess, or why the kernel was not launched. Pointers are to device memory.
cudaError_t blocks_to_channels_cuda(const BlockArray& array, Order order, const void* blocks, void* channels,
                                    cudaStream_t stream);
cudaError_t channels_to_blocks_cuda(const BlockArray& array, Order order, const void* channels, void* blocks,
                                    cudaStream_t stream);

}  // namespace fastdct::dct
