// What a file holds for a device: its scans, found by their markers and measured, but not decoded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg/device/descriptors.h"
#include "jpeg/entropy/frame.h"

namespace fastdct::jpeg::device {

struct FoundSegment {
  const uint8_t* source;
  uint32_t num_bytes;  // without stuffing
  uint32_t first_mcu, num_blocks;
};

struct FoundScan {
  DeviceScan scan{};  // all but `source`, pages and the planes, which depend on the batch
  std::vector<DeviceCode> codes;
  uint32_t num_entries = 0;  // of the tables of these
  std::vector<FoundSegment> segments;
  uint64_t num_bytes = 0, num_blocks = 0;  // of all segments
  int components[kMaxPlanes] = {};         // of the frame
};

struct FoundPicture {
  Frame frame;
  Header header;
  const uint8_t* end = nullptr;  // of the file
  std::vector<FoundScan> scans;
};

// Whether a device may take the file: nullptr, or why not. It must be sequential, and in order as far as can
// be told without decoding; the bytes must stay as long as the picture is used.
const char* find_scans(const uint8_t* data, size_t size, uint64_t max_pixels, FoundPicture& picture);

}  // namespace fastdct::jpeg::device
