#include "jpeg/entropy/sequential.h"

#include <algorithm>
#include <cstring>

#include "jpeg/libjpeg_damage.h"

namespace fastdct::jpeg {
namespace {

constexpr int kMaxBandBlocks = kBandMcus * kMaxMcuBlocks;

}  // namespace

SequentialScan::State SequentialScan::begin(const MarkerReader& markers, const Request& request,
                                            const std::vector<Plane>& planes, TableCache& cache) {
  constexpr size_t kToTheEnd = SIZE_MAX;
  return begin(markers, request, planes, cache, {0, kToTheEnd, markers.scan().data, 0});
}

SequentialScan::State SequentialScan::begin(const MarkerReader& markers, const Request& request,
                                            const std::vector<Plane>& planes, TableCache& cache,
                                            const ScanPart& part) {
  kernels_ = &kernels();
  request_ = request;
  end_ = markers.end();
  if (!blocks_) blocks_.reset(new Block[kMaxBandBlocks]());
  const Scan& scan = markers.scan();
  if (scan.spectral_start != 0 || scan.spectral_end != 63 || scan.approximation_high != 0 ||
      scan.approximation_low != 0)
    return odd("progressive parameters in a sequential scan");
  if (!plan(markers, planes, cache)) return State::kAnomaly;
  wire_blocks();
  dc_only_ = request.num_frequencies == 1;
  if (!clean_ && !dc_only_) kernels_->clear_blocks(blocks_.get(), kMaxBandBlocks);
  mcu_row_ = part.first_mcu / num_mcu_cols_;
  mcu_col_ = part.first_mcu % num_mcu_cols_;
  until_end_ = std::min(part.end_mcu, num_mcu_rows_ * num_mcu_cols_) - part.first_mcu;
  next_restart_ = part.next_restart;
  restart_interval_ = static_cast<size_t>(markers.restart_interval());
  begin_segment(part.source);
  begin_band();
  return State::kDecoding;
}

bool SequentialScan::plan(const MarkerReader& markers, const std::vector<Plane>& planes, TableCache& cache) {
  const Frame& frame = markers.frame();
  const Scan& scan = markers.scan();
  mcu_.clear();
  planes_.clear();
  for (int i = 0; i < scan.num_components; ++i) {
    const ScanComponent& component = scan.components[i];
    const auto index = static_cast<size_t>(component.index);
    if (!add_component(markers, component, index < planes.size() ? &planes[index] : nullptr, cache))
      return false;
  }
  if (scan.num_components > 1) {
    num_mcu_rows_ = frame.num_mcu_rows();
    num_mcu_cols_ = frame.num_mcu_cols();
  } else {  // T.81, A.2.2: one block is an MCU, and none fills up
    num_mcu_rows_ = planes_[0].num_rows;
    num_mcu_cols_ = planes_[0].num_cols;
  }
  return true;
}

bool SequentialScan::add_component(const MarkerReader& markers, const ScanComponent& component,
                                   const Plane* plane, TableCache& cache) {
  const HuffmanSpec& dc = markers.dc_spec(component.dc_table);
  const HuffmanSpec& ac = markers.ac_spec(component.ac_table);
  if (!dc.defined() || !ac.defined()) return odd("a missing Huffman table") == State::kDecoding;
  const char* invalid = invalid_reason(dc, TableClass::kDc);
  if (invalid == nullptr) invalid = invalid_reason(ac, TableClass::kAc);
  if (invalid != nullptr) return odd(invalid) == State::kDecoding;

  const FrameComponent& source = markers.frame().components[component.index];
  const bool alone = markers.scan().num_components == 1;
  ScanPlane target{};
  target.plane = plane;
  target.num_rows = source.num_rows;
  target.num_cols = source.num_cols;
  target.horizontal = alone ? 1 : source.sampling.horizontal;
  target.vertical = alone ? 1 : source.sampling.vertical;
  target.first_block = static_cast<int>(mcu_.size());
  target.quantization_dc = source.quantization[0];
  const bool dc_only = plane == nullptr || request_.num_frequencies == 1;
  const McuBlock block{static_cast<int>(planes_.size()), cache.get(dc, ac, dc_only)};
  mcu_.insert(mcu_.end(), static_cast<size_t>(target.horizontal * target.vertical), block);
  planes_.push_back(target);
  return true;
}

// Every block of a full band gets its tables; a shorter band is cut off in begin_band().
void SequentialScan::wire_blocks() {
  const size_t size = mcu_.size();
  for (size_t i = 0; i < kBandMcus * size; ++i) {
    Block& block = blocks_[i];
    block.tables = mcu_[i % size].tables.get();
    block.rest = block.tables->block_rest.entries.data();
    block.following = mcu_[(i + 1) % size].tables->block_start.entries.data();
  }
}

void SequentialScan::begin_segment(const uint8_t* source) {
  until_restart_ = restart_interval_ == 0 ? until_end_ : std::min(until_end_, restart_interval_);
  segment_.begin(*kernels_, source, end_, stream_.cursor);
  for (ScanPlane& plane : planes_) plane.dc = 0;
}

// Past the restart marker that is due (T.81, B.2.1), which must be there, and the one with the right number.
bool SequentialScan::next_segment() {
  const uint8_t* marker = segment_.marker();
  while (end_ - marker >= 2 && marker[0] == 0xFF && marker[1] == 0xFF) ++marker;  // fill bytes
  if (end_ - marker < 2 || marker[1] != 0xD0 + next_restart_)
    return odd("a restart marker is missing") == State::kDecoding;
  next_restart_ = (next_restart_ + 1) % 8;
  begin_segment(marker + 2);
  return true;
}

void SequentialScan::begin_band() {
  band_mcus_ = static_cast<int>(std::min({num_mcu_cols_ - mcu_col_, until_restart_, size_t{kBandMcus}}));
  segment_.top_up(*kernels_, stream_.cursor);
  clean_ = false;
  blocks_[band_mcus_ * mcu_.size() - 1].following = stop_table();
  stream_.cursor.position = reinterpret_cast<char*>(blocks_.get());
  stream_.cursor.table = mcu_[0].tables->block_start.entries.data();
}

SequentialScan::State SequentialScan::finish_band() {
  end_band();
  if (stream_.cursor.next == nullptr) {
    clear_band();
    return odd("a Huffman code that does not exist, or a block that overflows");
  }
  accumulate_dc();
  store_band();
  clear_band();
  mcu_col_ += static_cast<size_t>(band_mcus_);
  until_restart_ -= static_cast<size_t>(band_mcus_);
  until_end_ -= static_cast<size_t>(band_mcus_);
  if (mcu_col_ == num_mcu_cols_) {
    mcu_col_ = 0;
    ++mcu_row_;
  }
  if (until_restart_ == 0) {
    if (!segment_.ends_at(stream_.cursor)) return odd("an entropy-coded segment of the wrong length");
    if (until_end_ == 0) return check_dc() ? State::kDone : State::kAnomaly;
    if (!next_segment()) return State::kAnomaly;
  }
  begin_band();
  return State::kDecoding;
}

void SequentialScan::end_band() {
  blocks_[band_mcus_ * mcu_.size() - 1].following = mcu_[0].tables->block_start.entries.data();
}

// Differences become coefficients (T.81, F.1.1.5.1). The sum wraps: a hostile file may carry it anywhere.
void SequentialScan::accumulate_dc() {
  const size_t stride = mcu_.size();
  for (ScanPlane& plane : planes_) {
    const int per_mcu = plane.horizontal * plane.vertical;
    Block* mcu = &blocks_[plane.first_block];
    int dc = plane.dc, min_dc = plane.min_dc, max_dc = plane.max_dc;
    for (int m = 0; m < band_mcus_; ++m, mcu += stride) {
      for (int i = 0; i < per_mcu; ++i) {
        dc = static_cast<int16_t>(dc + mcu[i].coefficients[0]);
        min_dc = std::min(min_dc, dc);
        max_dc = std::max(max_dc, dc);
        mcu[i].coefficients[0] = static_cast<int16_t>(dc);
      }
    }
    plane.dc = dc;
    plane.min_dc = min_dc;
    plane.max_dc = max_dc;
  }
}

void SequentialScan::store_band() const {
  for (const ScanPlane& plane : planes_) {
    if (plane.plane == nullptr) continue;
    const size_t col = mcu_col_ * static_cast<size_t>(plane.horizontal);
    if (col >= plane.num_cols) continue;  // MCUs that only fill up
    const int count =
        static_cast<int>(std::min(plane.num_cols - col, static_cast<size_t>(band_mcus_ * plane.horizontal)));
    // Behind the last block of a row lies its padding; elsewhere the next band, which another thread may have
    // written.
    const bool ends_row = col + static_cast<size_t>(count) == plane.num_cols;
    const int room = ends_row ? static_cast<int>(plane.plane->row_pitch - col) : count;
    for (int y = 0; y < plane.vertical; ++y) {
      const size_t row = mcu_row_ * static_cast<size_t>(plane.vertical) + static_cast<size_t>(y);
      if (row >= plane.num_rows) break;
      constexpr ptrdiff_t kBlockElements = sizeof(Block) / sizeof(int16_t);
      const BlockRow blocks{blocks_[plane.first_block + y * plane.horizontal].coefficients, plane.horizontal,
                            kBlockElements, static_cast<ptrdiff_t>(mcu_.size()) * kBlockElements, count};
      int16_t* data = plane.plane->data;
      if (request_.layout == Layout::kBlock)
        kernels_->store_blocks(blocks, data + (row * plane.num_cols + col) * kBlockArea,
                               request_.num_frequencies);
      else
        kernels_->store_planes(blocks, data + row * plane.plane->row_pitch + col, plane.plane->plane_pitch,
                               request_.num_frequencies, room);
    }
  }
}

// A DC is written whatever it is, and what else is written nobody reads where only the DC is wanted.
void SequentialScan::clear_band() {
  if (dc_only_) return;
  kernels_->clear_blocks(blocks_.get(), band_mcus_ * static_cast<int>(mcu_.size()));
  clean_ = true;
}

// libjpeg-turbo's reader has something to say about such files (libjpeg_damage.h).
bool SequentialScan::check_dc() {
  for (const ScanPlane& plane : planes_) {
    if (is_impossible_dc(plane.min_dc, plane.quantization_dc) ||
        is_impossible_dc(plane.max_dc, plane.quantization_dc)) {
      anomaly_ = "a DC coefficient that no 8-bit picture has";
      return false;
    }
  }
  return true;
}

}  // namespace fastdct::jpeg
