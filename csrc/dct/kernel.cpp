#include "dct/kernel.h"

namespace fastdct::dct {

// Every processor with AVX2 and BMI2 has FMA and F16C too.
const Kernel& kernel_for(CpuLevel level) {
#if defined(__x86_64__)
  if (level == CpuLevel::kAvx512) return avx512_kernel();
  if (level == CpuLevel::kAvx2) return avx2_kernel();
#endif
  (void)level;
  return portable_kernel();
}

}  // namespace fastdct::dct
