#include "pipeline/scan_batch.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/parallel.h"
#include "pipeline/file.h"

namespace fastdct {
namespace {

// Calls work(item) for every item, on several threads where there are several items.
template <typename Work>
void for_each(size_t num_items, int num_threads, const Work& work) {
  const auto count = static_cast<std::int64_t>(num_items);
  parallel_for(count, std::max(1, num_workers(count, num_threads)),
               [&](int, std::int64_t item) { work(static_cast<size_t>(item)); });
}

}  // namespace

ScanBatch::ScanBatch(std::vector<BatchSource> sources, const ScanBatchOptions& options)
    : sources_(std::move(sources)),
      files_(sources_.size()),
      pictures_(sources_.size()),
      reasons_(sources_.size()) {
  for_each(sources_.size(), options.num_threads, [&](size_t row) { find(row, options.max_pixels); });
  arrangement_ = std::make_unique<jpeg::device::Arrangement>(pictures_, options.subsequence_bits);
}

void ScanBatch::find(size_t row, uint64_t max_pixels) {
  const BatchSource& source = sources_[row];
  std::vector<uint8_t>& file = files_[row];
  try {
    if (source.data == nullptr) read_jpeg_file(source.path, file);
  } catch (const JpegError& error) {
    reasons_[row] = error.what();
    return;
  }
  const uint8_t* const data = source.data == nullptr ? file.data() : source.data;
  const size_t size = source.data == nullptr ? file.size() : source.size;
  const char* const reason = jpeg::device::find_scans(data, size, max_pixels, pictures_[row]);
  if (reason == nullptr) return;
  reasons_[row] = reason;
  std::vector<uint8_t>().swap(file);
}

void ScanBatch::write(uint8_t* arena, int num_threads) {
  arrangement_->write_descriptors(arena);
  for_each(arrangement_->num_scans(), num_threads,
           [&](size_t scan) { arrangement_->write_scan(scan, arena); });
  std::vector<std::vector<uint8_t>>().swap(files_);
  is_written_ = true;
}

}  // namespace fastdct
