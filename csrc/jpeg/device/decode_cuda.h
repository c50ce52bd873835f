// Decoding on a GPU. Launched on the caller's stream; nothing is waited for, and nothing allocated.
#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "jpeg/device/descriptors.h"

namespace fastdct::jpeg::device {

// Addresses of device memory.
struct DeviceMemory {
  uintptr_t arena, workspace, coefficients, statuses;
};

cudaError_t decode_scans(const Launches& launches, const DeviceMemory& memory, cudaStream_t stream);

}  // namespace fastdct::jpeg::device
