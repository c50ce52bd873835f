#define FASTDCT_LANES portable
#include "ransac/search_body.inc"
