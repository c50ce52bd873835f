#define FASTDCT_LANES avx2
#include "ransac/search_body.inc"
