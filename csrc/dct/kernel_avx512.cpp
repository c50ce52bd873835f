// The kernel for AVX-512 F, BW, DQ and VL: 16 lanes. Flags: CMakeLists.txt.
#define FASTDCT_KERNEL avx512_kernel
#include "dct/kernel_body.h"
