#include "jpeg/compact/encode.h"

#include <cstring>

#include "common/aligned.h"
#include "common/cpu_level.h"

namespace fastdct::jpeg::compact {

Encode* encoder() {
#if defined(__x86_64__)
  static const bool has_vbmi2 = __builtin_cpu_supports("avx512vbmi2") != 0;
  const CpuLevel level = cpu_level();
  if (level == CpuLevel::kAvx512 && has_vbmi2) return encode_vbmi2;
  if (level != CpuLevel::kPortable) return encode_avx2;
#endif
  return encode_portable;
}

Encoded encode_group(Encode* encode, const int16_t* blocks, int num_blocks, uint8_t* target) {
  const uint8_t* end = encode(blocks, num_blocks, target);
  const size_t dense = static_cast<size_t>(num_blocks) * kBlockBytes;
  const size_t size = round_up(static_cast<size_t>(end - target), kUnit);
  if (size < dense) {
    std::memset(target + (end - target), 0, size - static_cast<size_t>(end - target));
    return {size, 0};
  }
  std::memcpy(target, blocks, dense);
  return {dense, kDense};
}

}  // namespace fastdct::jpeg::compact
