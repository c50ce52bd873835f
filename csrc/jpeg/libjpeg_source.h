// A libjpeg data source over bytes in memory. Past their end it supplies an end-of-image marker, as libjpeg's
// own does, and remembers that it had to.
#pragma once
#include <cstddef>
#include <cstdint>

#include "jpeg/libjpeg_errors.h"

namespace fastdct::jpeg {

struct Source {
  jpeg_source_mgr base;  // first: libjpeg's pointer to it is ours too
  const uint8_t* data;
  size_t size;
  bool exhausted;  // libjpeg asked for more than there is
};

jpeg_source_mgr* init_source(Source& source, const uint8_t* data, size_t size);

// Offset up to which libjpeg has taken bytes, a marker that it has seen but not yet read excluded; `size`
// once exhausted.
size_t position(const jpeg_decompress_struct& cinfo);

}  // namespace fastdct::jpeg
