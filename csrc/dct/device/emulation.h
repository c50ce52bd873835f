// What a GPU would do, on the host: the same functions, thread after thread in random order. For tests.
#pragma once
#include <cstdint>

#include "dct/device/frequency_planes.h"
#include "dct/device/jobs.h"

namespace fastdct::dct::device {

void resample_emulated(const ResampleLaunch& launch, const ResampleChunk* chunks,
                       const ResampleMemory& memory, uint64_t seed);
void frequency_planes_emulated(const FrequencyTask& task, uint64_t seed);
void zero_frequencies_emulated(int16_t* coefficients, uint64_t num_blocks, int num_frequencies,
                               uint64_t seed);

}  // namespace fastdct::dct::device
