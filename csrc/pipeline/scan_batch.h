// Many JPEG files made ready for a device to decode: read, found, arranged and written in threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jpeg/device/arrangement.h"
#include "pipeline/batch.h"

namespace fastdct {

struct ScanBatchOptions {
  uint64_t max_pixels = 0;
  int num_threads = 1;
  uint32_t subsequence_bits = 0;
};

class ScanBatch {
 public:
  // Bytes in memory must stay until write(). Throws nothing for a bad file.
  ScanBatch(std::vector<BatchSource> sources, const ScanBatchOptions& options);

  size_t size() const { return pictures_.size(); }
  // Empty for the rows that a device takes; else why the CPU has to read the file.
  const std::string& reason(size_t row) const { return reasons_.at(row); }
  const jpeg::Header& header(size_t row) const { return pictures_.at(row).header; }
  const jpeg::device::Arrangement& arrangement() const { return *arrangement_; }

  // Once only: lets go of the files.
  void write(uint8_t* arena, int num_threads);
  bool is_written() const { return is_written_; }

 private:
  void find(size_t row, uint64_t max_pixels);

  std::vector<BatchSource> sources_;
  std::vector<std::vector<uint8_t>> files_;  // that were read from paths
  std::vector<jpeg::device::FoundPicture> pictures_;
  std::vector<std::string> reasons_;
  std::unique_ptr<jpeg::device::Arrangement> arrangement_;
  bool is_written_ = false;
};

}  // namespace fastdct
