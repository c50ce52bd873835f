#define FASTDCT_LANES avx2
#include "matching/kernels_body.inc"
