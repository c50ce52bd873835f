// The kernels for avx2; see kernels_body.h.
#if defined(__x86_64__)
#define FASTDCT_KERNELS kKernelsAvx2
#define FASTDCT_KERNELS_NAME "avx2"
#include "jpeg/entropy/kernels_body.h"
#endif
