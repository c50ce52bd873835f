// Marker codes: T.81, table B.1; JPEG-LS: T.87, C.1.1.
#include "jpeg/markers.h"

#include "jpeg/exif.h"

namespace fastdct::jpeg {
namespace {

enum Marker { kSof0 = 0xC0, kDht = 0xC4, kJpg = 0xC8, kDac = 0xCC, kSof15 = 0xCF, kSoi = 0xD8, kEoi = 0xD9 };
enum { kRst0 = 0xD0, kTem = 0x01, kSos = 0xDA, kDhp = 0xDE, kApp1 = 0xE1, kSof55 = 0xF7 };

bool is_frame(int marker) {
  if (marker == kDhp || marker == kSof55) return true;
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

bool stands_alone(int marker) { return marker == kTem || (marker >= kRst0 && marker <= kEoi); }

// Offset just past the next marker code at or after `offset`, garbage and fill bytes skipped; `size` if none.
size_t next_marker(const uint8_t* data, size_t size, size_t offset) {
  for (; offset + 1 < size; ++offset)
    if (data[offset] == 0xFF && data[offset + 1] != 0xFF && data[offset + 1] != 0) return offset + 2;
  return size;
}

void read_segment(Markers& markers, int marker, const uint8_t* payload, size_t size) {
  if (is_frame(marker) && markers.frame_marker == 0) {
    markers.frame_marker = marker;
    markers.precision = size > 0 ? payload[0] : 0;
  } else if (marker == kApp1 && markers.orientation == 0) {
    markers.orientation = exif_orientation(payload, size);
  }
}

std::string frame_description(int marker) {
  switch (marker) {
    case 0xC3:
      return "lossless (SOF3)";
    case 0xCB:
      return "lossless arithmetic (SOF11)";
    case kSof55:
      return "JPEG-LS";
    case kDhp:
      return "hierarchical";
    default:
      return "hierarchical (SOF" + std::to_string(marker - kSof0) + ")";
  }
}

constexpr const char* kAccepted =
    " is not supported; 8-bit Huffman or arithmetic coding, sequential or progressive, is";

}  // namespace

Markers scan_markers(const uint8_t* data, size_t size) {
  Markers markers;
  if (size < 2 || data[0] != 0xFF || data[1] != kSoi) return markers;
  size_t offset = 2;
  while ((offset = next_marker(data, size, offset)) < size) {
    const int marker = data[offset - 1];
    if (marker == kSos || marker == kEoi) break;
    if (stands_alone(marker)) continue;
    if (offset + 2 > size) break;
    const size_t length = static_cast<size_t>(data[offset]) << 8 | data[offset + 1];  // counts itself
    if (length < 2 || length > size - offset) break;
    read_segment(markers, marker, data + offset + 2, length - 2);
    offset += length;
  }
  return markers;
}

std::string process_name(int frame_marker) {
  switch (frame_marker) {
    case 0xC0:
      return "baseline";
    case 0xC1:
      return "extended";
    case 0xC2:
      return "progressive";
    case 0xC9:
      return "arithmetic";
    case 0xCA:
      return "progressive arithmetic";
    default:
      return "";
  }
}

std::string unsupported_reason(const Markers& markers) {
  if (markers.frame_marker == 0) return "";
  if (process_name(markers.frame_marker).empty())
    return frame_description(markers.frame_marker) + " JPEG" + kAccepted;
  if (markers.precision != 8)
    return std::to_string(markers.precision) + "-bit " + process_name(markers.frame_marker) + " JPEG" +
           kAccepted;
  return "";
}

}  // namespace fastdct::jpeg
