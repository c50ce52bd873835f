#include "pipeline/ship.h"

#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "jpeg/compact/group.h"

namespace fastdct {
namespace {

namespace compact = jpeg::compact;
using compact::Group;

class Packer : public ImageSink {
 public:
  Packer(size_t num_rows, const Room& room) : room_(room), next_block_(room.first_block) {
    shipment_.rows.resize(num_rows);
  }

  void take(size_t index, jpeg::CoefficientImage& image, const PackedImage& packed) override {
    ShippedRow& row = shipment_.rows[index];
    row.num_bytes = packed.num_bytes();
    row.num_blocks = packed.num_blocks();
    if (!place(packed, &row.first_block)) return;
    row.image = std::move(image);
    row.state = ShippedRow::State::kShipped;
  }

  bool is_full() const override { return full_.load(); }

  Shipment finish(std::vector<std::string> errors) {
    for (size_t i = 0; i < errors.size(); ++i) {
      if (errors[i].empty()) continue;
      shipment_.rows[i].state = ShippedRow::State::kFailed;
      shipment_.rows[i].error = std::move(errors[i]);
    }
    const size_t size = groups_.size() * sizeof(Group);
    if (size > 0) std::memcpy(room_.arena + num_bytes_, groups_.data(), size);
    shipment_.first_group = num_bytes_;
    shipment_.num_groups = groups_.size();
    shipment_.num_bytes = num_bytes_ + size;
    shipment_.end_block = next_block_;
    return std::move(shipment_);
  }

 private:
  // Gives the image a place among the others; false if there is none.
  bool place(const PackedImage& packed, std::vector<uint64_t>* first_blocks) {
    uint8_t* target = nullptr;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const size_t taken = num_bytes_ + groups_.size() * sizeof(Group);
      if (room_.num_bytes - taken < packed.num_bytes() ||
          room_.end_block - next_block_ < packed.num_blocks()) {
        full_.store(true);
        return false;
      }
      target = room_.arena + num_bytes_;
      for (Group group : packed.groups()) {
        group.first_block += next_block_;
        group.data += static_cast<uint32_t>(num_bytes_ / compact::kUnit);
        groups_.push_back(group);
      }
      for (const uint64_t first : packed.first_blocks()) first_blocks->push_back(next_block_ + first);
      num_bytes_ += packed.size();
      next_block_ += packed.num_blocks();
    }
    std::memcpy(target, packed.data(), packed.size());
    return true;
  }

  const Room room_;
  std::mutex mutex_;  // of all below but full_; rows are each touched by one thread
  Shipment shipment_;
  std::vector<Group> groups_;
  size_t num_bytes_ = 0;  // of data; the groups follow at the end
  uint64_t next_block_;
  std::atomic<bool> full_{false};
};

}  // namespace

Shipment ship(const std::vector<BatchSource>& sources, const BatchOptions& options, const Room& room) {
  Packer packer(sources.size(), room);
  BatchOptions whole_blocks = options;
  whole_blocks.request.layout = jpeg::Layout::kBlock;
  whole_blocks.request.read_soon = true;  // past the caches, packing took 21 ns a block instead of 9
  return packer.finish(read_images(sources, whole_blocks, packer));
}

}  // namespace fastdct
