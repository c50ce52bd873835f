#if defined(__x86_64__)
#define FASTDCT_LANES avx512
#include "matching/kernels_body.inc"
#endif
