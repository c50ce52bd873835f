// A batch of pictures laid out for a device: in which order their scans are decoded, where everything lies in
// the arena that is copied there, and how much memory decoding needs.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "jpeg/device/found_scans.h"

namespace fastdct::jpeg::device {

class Arrangement {
 public:
  // Pictures without scans are left out. They must stay, and their files, until all is written.
  // `subsequence_bits`: a multiple of 128, at most kMaxSubsequenceBits; 0: by the size of the batch.
  Arrangement(const std::vector<FoundPicture>& pictures, uint32_t subsequence_bits);

  const Launches& launches() const { return launches_; }
  const std::vector<DevicePlane>& planes() const { return planes_; }
  const std::vector<int64_t>& first_plane() const { return first_plane_; }  // of each picture, and the end
  const std::vector<std::array<uint16_t, kBlockArea>>& quantization() const { return quantization_; }
  uint64_t num_bytes() const { return num_bytes_; }  // of all segments
  size_t workspace_bytes() const;

  // The arena has launches().arena_bytes. Scans may be written by several threads.
  void write_descriptors(uint8_t* arena) const;
  size_t num_scans() const { return order_.size(); }
  void write_scan(size_t scan, uint8_t* arena) const;

 private:
  struct Ordered {  // a scan in the order of decoding
    const FoundPicture* picture;
    const FoundScan* found;
    uint32_t source, table_set;
  };

  void add_planes(const FoundPicture& picture);
  uint32_t add_quantization(const std::array<uint16_t, kBlockArea>& table);
  void add_scans(const FoundPicture& picture, uint32_t source);
  uint32_t add_table_set(const FoundScan& found);
  void add_descriptors(const Ordered& ordered);
  uint32_t subsequence_bits_of(const FoundScan& found) const;
  void add_segment(const FoundSegment& found, uint32_t subsequence_bits);
  void reserve_pages(DeviceScan& scan, const FoundScan& found);
  void add_group(uint32_t table_set, uint32_t first, uint32_t end);
  void place_sections();

  Launches launches_{};
  std::vector<DevicePlane> planes_;
  std::vector<int64_t> first_plane_;
  std::vector<std::array<uint16_t, kBlockArea>> quantization_;
  std::unordered_map<std::string, uint32_t> quantization_numbers_, table_set_numbers_;  // by content
  std::vector<DeviceCode> codes_;
  std::vector<DeviceTableSet> table_sets_;
  std::vector<Ordered> order_;
  std::vector<DeviceScan> scans_;
  std::vector<DeviceSegment> segments_;
  std::vector<uint32_t> first_segment_;  // of each scan, and the end
  std::vector<DeviceGroup> groups_;
  uint32_t forced_bits_;
  uint64_t num_bytes_ = 0;
  uint64_t data_bytes_ = 0;  // with what stands between segments
};

constexpr uint32_t kMaxSubsequenceBits = 16384;

}  // namespace fastdct::jpeg::device
