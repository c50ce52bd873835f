// What a GPU would do, its threads played in random order, on memory of the host: for tests.
#pragma once
#include <cstdint>

#include "ransac/device/batch.h"
#include "ransac/ransac.h"

namespace fastdct::ransac::device {

void verify_emulated(const Batch& batch, ModelKind model, const SearchOptions& options, void* workspace,
                     const Results& results, std::uint64_t order_seed);

}  // namespace fastdct::ransac::device
