#include "jpeg/libjpeg_source.h"

namespace fastdct::jpeg {
namespace {

constexpr JOCTET kEndOfImage[2] = {0xFF, JPEG_EOI};

void no_action(j_decompress_ptr) {}

boolean supply_end(j_decompress_ptr cinfo) {
  Source& source = *reinterpret_cast<Source*>(cinfo->src);
  source.exhausted = true;
  source.base.next_input_byte = kEndOfImage;
  source.base.bytes_in_buffer = sizeof kEndOfImage;
  return TRUE;
}

void skip(j_decompress_ptr cinfo, long num_bytes) {
  if (num_bytes <= 0) return;
  jpeg_source_mgr& base = *cinfo->src;
  if (static_cast<size_t>(num_bytes) > base.bytes_in_buffer) {
    supply_end(cinfo);
  } else {
    base.next_input_byte += num_bytes;
    base.bytes_in_buffer -= static_cast<size_t>(num_bytes);
  }
}

}  // namespace

jpeg_source_mgr* init_source(Source& source, const uint8_t* data, size_t size) {
  source.data = data;
  source.size = size;
  source.exhausted = false;
  source.base.next_input_byte = data;
  source.base.bytes_in_buffer = size;
  source.base.init_source = no_action;
  source.base.fill_input_buffer = supply_end;
  source.base.skip_input_data = skip;
  source.base.resync_to_restart = jpeg_resync_to_restart;
  source.base.term_source = no_action;
  return &source.base;
}

size_t position(const jpeg_decompress_struct& cinfo) {
  const Source& source = *reinterpret_cast<const Source*>(cinfo.src);
  if (source.exhausted) return source.size;
  const size_t marker_size = cinfo.unread_marker == 0 ? 0 : 2;
  return static_cast<size_t>(source.base.next_input_byte - source.data) - marker_size;
}

}  // namespace fastdct::jpeg
