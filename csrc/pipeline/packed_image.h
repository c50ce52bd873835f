// One image's coefficients, packed for a device as they are decoded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg/compact/encode.h"
#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"
#include "pipeline/arena.h"

namespace fastdct {

// Memory is of an arena's, until that is reset. Groups count from the image's own first byte and first block.
//
// Images that come row by row are packed while a row of MCUs is in the caches. Over decoding alone, photos of
// 500 x 375 then take 1.11 to 1.16 times as long instead of 1.20 to 1.32, of 12 megapixels 1.4 to 1.5 instead
// of 2.3 to 2.7.
class PackedImage {
 public:
  // Of planes that are there.
  void pack(const std::vector<jpeg::Plane>& planes, Arena& memory);

  // Of rows as they are decoded: the planes, strips of one row of MCUs, that they are to be decoded into;
  // then push() whenever another row of MCUs is there.
  std::vector<jpeg::Plane> start_rows(const jpeg::Frame& frame, const jpeg::Request& request, Arena& memory);
  void push_rows(size_t num_mcu_rows);

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t num_bytes() const { return size_ + groups_.size() * sizeof(jpeg::compact::Group); }
  const std::vector<jpeg::compact::Group>& groups() const { return groups_; }
  const std::vector<uint64_t>& first_blocks() const { return first_blocks_; }  // of each plane
  uint64_t num_blocks() const { return num_blocks_; }

 private:
  void start(const std::vector<jpeg::Plane>& planes, Arena& memory);
  void add(const int16_t* blocks, size_t count, uint64_t first_block);

  jpeg::compact::Encode* encode_ = nullptr;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  std::vector<jpeg::compact::Group> groups_;
  std::vector<uint64_t> first_blocks_;
  uint64_t num_blocks_ = 0;
  std::vector<jpeg::Plane> strips_;
  size_t num_mcu_rows_ = 0;  // that were pushed
};

}  // namespace fastdct
