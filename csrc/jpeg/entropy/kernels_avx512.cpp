// The kernels for avx512; see kernels_body.h.
#if defined(__x86_64__)
#define FASTDCT_KERNELS kKernelsAvx512
#define FASTDCT_KERNELS_NAME "avx512"
#include "jpeg/entropy/kernels_body.h"
#endif
