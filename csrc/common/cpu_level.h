// Which instruction sets the kernels may use: what the processor has, less what FASTDCT_CPU switches off.
#pragma once

namespace fastdct {

// Each level includes those before it.
enum class CpuLevel {
  kPortable,  // SSE2 on x86-64, NEON on AArch64
  kAvx2,      // and BMI1, BMI2, FMA, F16C, POPCNT
  kAvx512,    // F, BW, VL, DQ
};

// The environment variable FASTDCT_CPU = portable | avx2 | avx512 sets an upper bound. It is read at every
// call, so that a test can go through all levels. Throws std::invalid_argument when it has another value.
CpuLevel cpu_level();

const char* cpu_level_name(CpuLevel level);

}  // namespace fastdct
