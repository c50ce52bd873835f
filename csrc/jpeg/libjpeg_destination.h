// A libjpeg data destination that grows in memory.
#pragma once
#include <cstddef>

#include "jpeg/libjpeg_errors.h"

namespace fastdct::jpeg {

struct Destination {
  jpeg_destination_mgr base;  // first: libjpeg's pointer to it is ours too
  JOCTET* data;               // from malloc, the owner's to free; null until something is written
  size_t capacity;
};

jpeg_destination_mgr* init_destination(Destination& destination);

// Bytes written so far.
size_t size(const Destination& destination);

}  // namespace fastdct::jpeg
