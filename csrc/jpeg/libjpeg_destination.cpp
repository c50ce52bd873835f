#include "jpeg/libjpeg_destination.h"

#include <cstdlib>

namespace fastdct::jpeg {
namespace {

constexpr size_t kInitialCapacity = size_t{1} << 16;

// libjpeg calls this with the buffer full, whatever free_in_buffer says.
boolean grow(j_compress_ptr cinfo) {
  Destination& destination = *reinterpret_cast<Destination*>(cinfo->dest);
  const size_t used = destination.capacity;
  const size_t capacity = used == 0 ? kInitialCapacity : 2 * used;
  auto* data = static_cast<JOCTET*>(std::realloc(destination.data, capacity));
  if (data == nullptr) {
    ErrorManager& errors = *reinterpret_cast<ErrorManager*>(cinfo->err);
    give_up(errors, "not enough memory for the encoded file");
  }
  destination.data = data;
  destination.capacity = capacity;
  destination.base.next_output_byte = data + used;
  destination.base.free_in_buffer = capacity - used;
  return TRUE;
}

void begin(j_compress_ptr cinfo) { grow(cinfo); }
void end(j_compress_ptr) {}

}  // namespace

jpeg_destination_mgr* init_destination(Destination& destination) {
  destination.data = nullptr;
  destination.capacity = 0;
  destination.base.init_destination = begin;
  destination.base.empty_output_buffer = grow;
  destination.base.term_destination = end;
  return &destination.base;
}

size_t size(const Destination& destination) { return destination.capacity - destination.base.free_in_buffer; }

}  // namespace fastdct::jpeg
