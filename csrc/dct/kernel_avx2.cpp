// The kernel for AVX2 and FMA: 8 lanes. Flags: CMakeLists.txt.
#define FASTDCT_KERNEL avx2_kernel
#include "dct/kernel_body.h"
