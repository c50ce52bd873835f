// Pages of memory that is about to be filled for the first time.
#pragma once
#include <cstddef>

namespace fastdct {

constexpr size_t kHugePage = size_t{2} << 20;

// Asks for huge pages where whole ones fit into [data, data + size). The first touch of a page of 4 KB costs
// as much as decoding ten of the 32 blocks that fill it.
void prefer_huge_pages(void* data, size_t size);

}  // namespace fastdct
