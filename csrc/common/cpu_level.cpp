#include "common/cpu_level.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace fastdct {
namespace {

constexpr const char* kVariable = "FASTDCT_CPU";
constexpr CpuLevel kLevels[] = {CpuLevel::kPortable, CpuLevel::kAvx2, CpuLevel::kAvx512};

CpuLevel supported_level() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  // F16C is older than AVX2 with every maker, and not every compiler knows how to ask for it.
  for (const bool has : {__builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("bmi") != 0,
                         __builtin_cpu_supports("bmi2") != 0, __builtin_cpu_supports("fma") != 0,
                         __builtin_cpu_supports("popcnt") != 0})
    if (!has) return CpuLevel::kPortable;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
    return CpuLevel::kAvx2;
  return CpuLevel::kAvx512;
#else
  return CpuLevel::kPortable;
#endif
}

CpuLevel level_from_name(const std::string& name) {
  for (const CpuLevel level : kLevels)
    if (name == cpu_level_name(level)) return level;
  throw std::invalid_argument(std::string(kVariable) + " must be portable, avx2 or avx512, not '" + name +
                              "'");
}

}  // namespace

const char* cpu_level_name(CpuLevel level) {
  switch (level) {
    case CpuLevel::kAvx512:
      return "avx512";
    case CpuLevel::kAvx2:
      return "avx2";
    default:
      return "portable";
  }
}

CpuLevel cpu_level() {
  static const CpuLevel supported = supported_level();
  const char* bound = std::getenv(kVariable);
  return bound == nullptr || *bound == '\0' ? supported : std::min(supported, level_from_name(bound));
}

}  // namespace fastdct
