// The kernels for any processor: SSE2 on x86-64, NEON on AArch64, plain C++ elsewhere; see kernels_body.h.
#define FASTDCT_KERNELS kKernelsPortable
#define FASTDCT_KERNELS_NAME "portable"
#include "jpeg/entropy/kernels_body.h"
