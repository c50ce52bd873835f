#define FASTDCT_LANES portable
#include "matching/kernels_body.inc"
