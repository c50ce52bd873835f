// The kernel for any machine: the compiler lowers 8 lanes to whatever there is. Flags: CMakeLists.txt.
#define FASTDCT_KERNEL portable_kernel
#include "dct/kernel_body.h"
