#include "common/instruction_set.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace fastdct {
namespace {

InstructionSet available() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!avx2) return InstructionSet::kPortable;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 ? InstructionSet::kAvx512 : InstructionSet::kAvx2;
#else
  return InstructionSet::kPortable;
#endif
}

InstructionSet wanted() {
  const char* name = std::getenv("FASTDCT_INSTRUCTION_SET");
  if (name != nullptr && std::strcmp(name, "portable") == 0) return InstructionSet::kPortable;
  if (name != nullptr && std::strcmp(name, "avx2") == 0) return InstructionSet::kAvx2;
  return InstructionSet::kAvx512;
}

}  // namespace

InstructionSet instruction_set() {
  static const InstructionSet chosen = std::min(available(), wanted());
  return chosen;
}

}  // namespace fastdct
