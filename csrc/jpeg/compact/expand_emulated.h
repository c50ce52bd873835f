// Expansion as a GPU would do it, on the host: groups in random order, in each phase the threads too.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fastdct::jpeg::compact {

// As expand_cuda(), in host memory.
void expand_emulated(const void* arena, size_t first_group, size_t num_groups, int16_t* coefficients,
                     uint64_t seed);

}  // namespace fastdct::jpeg::compact
