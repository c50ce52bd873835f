#include "common/memory.h"

#include <sys/mman.h>

#include <cstdint>

namespace fastdct {

void prefer_huge_pages(void* data, size_t size) {
#if defined(MADV_HUGEPAGE)
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(data) + kHugePage - 1) / kHugePage * kHugePage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size) / kHugePage * kHugePage;
  if (begin < end)
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // a wish: failure is harmless
#else
  (void)data;
  (void)size;
#endif
}

}  // namespace fastdct
