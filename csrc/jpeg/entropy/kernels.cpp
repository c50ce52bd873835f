#include "jpeg/entropy/kernels.h"

#include "common/cpu_level.h"

namespace fastdct::jpeg {

const Kernels& kernels() {
#if defined(__x86_64__)
  switch (cpu_level()) {
    case CpuLevel::kAvx512:
      return kKernelsAvx512;
    case CpuLevel::kAvx2:
      return kKernelsAvx2;
    case CpuLevel::kPortable:
      break;
  }
#endif
  return kKernelsPortable;
}

}  // namespace fastdct::jpeg
