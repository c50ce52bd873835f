// From blocks to groups, on the host.
#pragma once
#include <cstddef>
#include <cstdint>

#include "jpeg/compact/group.h"

namespace fastdct::jpeg::compact {

// What encode_group() may write of num_blocks blocks: values of every one wide, and whole vectors at the end.
constexpr size_t kSlack = 64;
constexpr size_t room_for(size_t num_blocks) {
  return head_bytes(static_cast<uint32_t>(num_blocks)) + num_blocks * (kBlockBytes - 2) + kSlack;
}

struct Encoded {
  size_t size;  // bytes, a multiple of kUnit, at most num_blocks * kBlockBytes
  uint16_t form;
};

// The masks, DC and values of a group; returns the end of the values.
using Encode = uint8_t*(const int16_t* blocks, int num_blocks, uint8_t* target);

// The one for the level that cpu_level() names.
Encode* encoder();

// Writes the data of a group: 1..kGroupBlocks blocks [num_blocks, 8, 8], natural order, to `target`, which is
// aligned to 8 bytes and has room_for() them.
Encoded encode_group(Encode* encode, const int16_t* blocks, int num_blocks, uint8_t* target);

extern Encode encode_portable;
#if defined(__x86_64__)
extern Encode encode_avx2;
extern Encode encode_vbmi2;  // AVX-512 with VBMI2
#endif

}  // namespace fastdct::jpeg::compact
