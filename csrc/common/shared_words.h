// Memory that several threads of a device work on, or one with more than a word at once.
#pragma once
#include <cstdint>
#include <cstring>

#include "common/host_device.h"

namespace fastdct {

// Adds to a word that other threads may change at the same time; returns what it was.
FASTDCT_HD uint32_t add_atomically(uint32_t* word, uint32_t value) {
#if defined(__CUDA_ARCH__)
  return atomicAdd(word, value);
#else
  const uint32_t before = *word;
  *word += value;
  return before;
#endif
}

FASTDCT_HD void or_atomically(uint32_t* word, uint32_t bits) {
#if defined(__CUDA_ARCH__)
  atomicOr(word, bits);
#else
  *word |= bits;
#endif
}

// The most that a thread loads or stores at once; both addresses are aligned to it.
constexpr uint32_t kPieceBytes = 16;

FASTDCT_HD void copy_piece(void* target, const void* source) {
#if defined(__CUDA_ARCH__)
  *static_cast<uint4*>(target) = *static_cast<const uint4*>(source);
#else
  std::memcpy(target, source, kPieceBytes);
#endif
}

FASTDCT_HD void clear_piece(void* target) {
#if defined(__CUDA_ARCH__)
  *static_cast<uint4*>(target) = make_uint4(0, 0, 0, 0);
#else
  std::memset(target, 0, kPieceBytes);
#endif
}

}  // namespace fastdct
