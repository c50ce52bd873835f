#define FASTDCT_LANES avx512
#include "ransac/search_body.inc"
