// TIFF 6.0, section 2 (header and image file directory) and Exif 2.32, 4.7.2 (APP1), 4.6.4 (tag 0x0112).
#include "jpeg/exif.h"

#include <cstring>

namespace fastdct::jpeg {
namespace {

constexpr uint8_t kSignature[6] = {'E', 'x', 'i', 'f', 0, 0};
constexpr size_t kEntrySize = 12;
constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;

// A TIFF structure: every read is checked against its end and gives 0 past it.
struct Tiff {
  const uint8_t* data;
  size_t size;
  bool big_endian;

  uint32_t byte(size_t offset) const { return offset < size ? data[offset] : 0; }
  uint32_t u16(size_t at) const {
    return big_endian ? byte(at) << 8 | byte(at + 1) : byte(at + 1) << 8 | byte(at);
  }
  uint32_t u32(size_t at) const {
    return big_endian ? u16(at) << 16 | u16(at + 2) : u16(at + 2) << 16 | u16(at);
  }
};

int entry_orientation(const Tiff& tiff, size_t entry) {
  if (tiff.u16(entry + 2) != kShort || tiff.u32(entry + 4) != 1) return 0;
  const uint32_t value = tiff.u16(entry + 8);
  return value <= 8 ? static_cast<int>(value) : 0;
}

}  // namespace

int exif_orientation(const uint8_t* data, size_t size) {
  if (size < sizeof kSignature + 8 || std::memcmp(data, kSignature, sizeof kSignature) != 0) return 0;
  Tiff tiff{data + sizeof kSignature, size - sizeof kSignature, false};
  tiff.big_endian = tiff.data[0] == 'M';
  const uint8_t order = tiff.data[0];
  if ((order != 'M' && order != 'I') || tiff.data[1] != order || tiff.u16(2) != 42) return 0;
  const size_t directory = tiff.u32(4);
  if (directory >= tiff.size) return 0;
  const size_t num_entries = tiff.u16(directory);
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntrySize;
    if (entry + kEntrySize > tiff.size) return 0;
    if (tiff.u16(entry) == kOrientationTag) return entry_orientation(tiff, entry);
  }
  return 0;
}

std::vector<uint8_t> make_exif(int orientation) {
  const auto value = static_cast<uint8_t>(orientation);
  return {'E',  'x',  'i', 'f', 0, 0,                        // signature
          'M',  'M',  0,   42,  0, 0, 0, 8,                  // big-endian TIFF, directory at 8
          0,    1,                                           // one entry:
          0x01, 0x12, 0,   3,   0, 0, 0, 1, 0, value, 0, 0,  //   orientation, SHORT, count 1
          0,    0,    0,   0};                               // no further directory
}

}  // namespace fastdct::jpeg
