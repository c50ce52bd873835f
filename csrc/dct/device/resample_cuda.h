// The resampling of a batch on the current CUDA device: launched on the caller's stream, never waited for.
#pragma once
#include <cuda_runtime_api.h>

#include "dct/device/frequency_planes.h"
#include "dct/device/jobs.h"

namespace fastdct::dct::device {

// cudaSuccess, or why a kernel was not launched. Addresses are of device memory, but for those of `launch`
// and `chunks`.
cudaError_t resample_cuda(const ResampleLaunch& launch, const ResampleChunk* chunks,
                          const ResampleMemory& memory, cudaStream_t stream);
cudaError_t frequency_planes_cuda(const FrequencyTask& task, cudaStream_t stream);
cudaError_t zero_frequencies_cuda(int16_t* coefficients, uint64_t num_blocks, int num_frequencies,
                                  cudaStream_t stream);

}  // namespace fastdct::dct::device
