// The search on a GPU.
#pragma once
#include "ransac/device/batch.h"
#include "ransac/estimators.h"

namespace fastdct::ransac::device {

// Launched on the caller's stream; nothing is waited for. Returns null or what CUDA says is wrong, such as a
// launch that was refused. One file an estimator, since each takes half a minute to compile.
template <class Estimator>
const char* verify_cuda(const Batch& batch, const Estimator& estimator, const SearchOptions& options,
                        void* workspace, const Results& results, void* stream);

}  // namespace fastdct::ransac::device
