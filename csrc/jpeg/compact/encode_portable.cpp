// The encoder for portable; see encode_body.h.
#define FASTDCT_ENCODE encode_portable
#include "jpeg/compact/encode_body.h"
