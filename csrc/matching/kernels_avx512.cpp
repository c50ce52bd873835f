#define FASTDCT_LANES avx512
#include "matching/kernels_body.inc"
