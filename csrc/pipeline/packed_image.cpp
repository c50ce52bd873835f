#include "pipeline/packed_image.h"

#include <algorithm>

namespace fastdct {

namespace compact = jpeg::compact;

void PackedImage::start(const std::vector<jpeg::Plane>& planes, Arena& memory) {
  encode_ = compact::encoder();
  size_ = 0;
  groups_.clear();
  first_blocks_.clear();
  num_blocks_ = 0;
  for (const jpeg::Plane& plane : planes) {
    first_blocks_.push_back(num_blocks_);
    num_blocks_ += plane.num_rows * plane.num_cols;
  }
  const size_t room = compact::room_for(num_blocks_);
  data_ = reinterpret_cast<uint8_t*>(memory.allocate(room / sizeof(int16_t) + 1));
}

void PackedImage::add(const int16_t* blocks, size_t count, uint64_t first_block) {
  for (size_t first = 0; first < count; first += compact::kGroupBlocks) {
    const auto size = static_cast<int>(std::min<size_t>(count - first, compact::kGroupBlocks));
    const compact::Encoded encoded =
        compact::encode_group(encode_, blocks + first * jpeg::kBlockArea, size, data_ + size_);
    groups_.push_back({first_block + first, static_cast<uint32_t>(size_ / compact::kUnit),
                       static_cast<uint16_t>(size), encoded.form});
    size_ += encoded.size;
  }
}

void PackedImage::pack(const std::vector<jpeg::Plane>& planes, Arena& memory) {
  start(planes, memory);
  for (size_t i = 0; i < planes.size(); ++i)
    add(planes[i].data, planes[i].num_rows * planes[i].num_cols, first_blocks_[i]);
}

std::vector<jpeg::Plane> PackedImage::start_rows(const jpeg::Frame& frame, const jpeg::Request& request,
                                                 Arena& memory) {
  const bool alone = frame.num_components == 1;  // T.81, A.2.2: then one block is an MCU
  strips_.assign(request.luma_only ? 1 : static_cast<size_t>(frame.num_components), {});
  for (size_t i = 0; i < strips_.size(); ++i) {
    const jpeg::FrameComponent& component = frame.components[i];
    jpeg::Plane& plane = strips_[i];
    plane.sampling = component.sampling;
    plane.num_rows = component.num_rows;
    plane.num_cols = component.num_cols;
    const size_t rows = alone ? 1 : static_cast<size_t>(component.sampling.vertical);
    plane.strip = {0, plane.num_rows, 0, plane.num_cols, rows};
    plane.data = memory.allocate(rows * plane.num_cols * jpeg::kBlockArea);
  }
  start(strips_, memory);
  num_mcu_rows_ = 0;
  return strips_;
}

void PackedImage::push_rows(size_t num_mcu_rows) {
  for (; num_mcu_rows_ < num_mcu_rows; ++num_mcu_rows_)
    for (size_t i = 0; i < strips_.size(); ++i) {
      const jpeg::Plane& plane = strips_[i];
      const size_t first = num_mcu_rows_ * plane.strip.ring_rows;
      const size_t end = std::min(first + plane.strip.ring_rows, plane.num_rows);
      if (first < end)
        add(plane.data, (end - first) * plane.num_cols, first_blocks_[i] + first * plane.num_cols);
    }
}

}  // namespace fastdct
