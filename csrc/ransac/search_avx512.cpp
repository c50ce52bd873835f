#if defined(__x86_64__)
#define FASTDCT_LANES avx512
#include "ransac/search_body.inc"
#endif
