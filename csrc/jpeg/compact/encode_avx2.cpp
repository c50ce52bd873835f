// The encoder for avx2; see encode_body.h.
#if defined(__x86_64__)
#define FASTDCT_ENCODE encode_avx2
#include "jpeg/compact/encode_body.h"
#endif
