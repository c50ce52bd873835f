#include "jpeg/entropy/sequential.h"

#include <algorithm>

#include "jpeg/impossible_dc.h"

namespace fastdct::jpeg {
namespace {

constexpr int kMaxBandBlocks = kBandMcus * kMaxMcuBlocks;

}  // namespace

SequentialScan::State SequentialScan::begin(const MarkerReader& markers, const Request& request,
                                            const std::vector<Plane>& planes, TableCache& cache) {
  constexpr size_t kToTheEnd = SIZE_MAX;
  return begin(markers, request, planes, cache, {0, kToTheEnd, markers.scan().data, 0, {}});
}

SequentialScan::State SequentialScan::begin(const MarkerReader& markers, const Request& request,
                                            const std::vector<Plane>& planes, TableCache& cache,
                                            const ScanPart& part) {
  kernels_ = &kernels();
  request_ = request;
  end_ = markers.end();
  dc_only_ = request.num_frequencies == 1;
  if (!blocks_ && !dc_only_) blocks_.reset(new Block[kMaxBandBlocks]());
  if (const char* anomaly = sequential_anomaly(markers)) return odd(anomaly);
  plan(markers, planes, cache);
  if (!clean_ && !dc_only_) kernels_->clear_blocks(blocks_.get(), kMaxBandBlocks);
  mcu_row_ = part.first_mcu / num_mcu_cols_;
  mcu_col_ = part.first_mcu % num_mcu_cols_;
  wire_blocks();
  until_end_ = std::min(part.end_mcu, num_mcu_rows_ * num_mcu_cols_) - part.first_mcu;
  next_restart_ = part.next_restart;
  cut_ = part.cut;
  restart_interval_ = static_cast<size_t>(markers.restart_interval());
  begin_segment(part.source);
  begin_band();
  return State::kDecoding;
}

void SequentialScan::begin_segment(const uint8_t* source) {
  until_restart_ = restart_interval_ == 0 ? until_end_ : std::min(until_end_, restart_interval_);
  if (cut_.bytes == nullptr)
    segment_.begin(*kernels_, source, end_, stream_.cursor);
  else
    segment_.begin_cut(cut_, source, stream_.cursor);
  for (size_t i = 0; i < planes_.size(); ++i) planes_[i].dc = cut_.dc[i];
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
  if (dc_only_) return skipped_.begin(stream_, band_mcus_ * mcu_.size());
  clean_ = false;
  stream_.skip.table = nullptr;
  blocks_[band_mcus_ * mcu_.size() - 1].following = stop_table();
  stream_.cursor.position = reinterpret_cast<char*>(blocks_.get());
  stream_.cursor.table = start_of_mcu();
}

SequentialScan::State SequentialScan::finish_band() {
  if (!finish_blocks()) {
    clear_band();
    return odd("a Huffman code that does not exist, or a block that overflows");
  }
  if (dc_only_)
    accumulate_dc(skipped_.differences());
  else
    accumulate_dc([from = coefficients_, pitch = pitch_](ptrdiff_t block) { return from[block * pitch]; });
  store_band();
  clear_band();
  mcu_col_ += static_cast<size_t>(band_mcus_);
  until_restart_ -= static_cast<size_t>(band_mcus_);
  until_end_ -= static_cast<size_t>(band_mcus_);
  if (mcu_col_ == num_mcu_cols_) {
    mcu_col_ = 0;
    ++mcu_row_;
    if (mcu_row_ == request_.end_mcu_row) return check_dc() ? State::kDone : State::kAnomaly;
    if (mcu_row_ == request_.first_mcu_row) wire_blocks();
  }
  if (until_restart_ == 0) {
    if (!segment_.ends_at(stream_.cursor)) return odd("an entropy-coded segment of the wrong length");
    if (until_end_ == 0) return check_dc() ? State::kDone : State::kAnomaly;
    if (!next_segment()) return State::kAnomaly;
  }
  begin_band();
  return State::kDecoding;
}

// False: they are damaged.
bool SequentialScan::finish_blocks() {
  if (dc_only_) return skipped_.finish(stream_, band_mcus_ * mcu_.size());
  blocks_[band_mcus_ * mcu_.size() - 1].following = start_of_mcu();
  return stream_.cursor.next != nullptr;
}

// Differences become coefficients (T.81, F.1.1.5.1). The sum wraps: a hostile file may carry it anywhere.
template <typename Difference>
void SequentialScan::accumulate_dc(Difference difference) {
  const auto mcu_size = static_cast<ptrdiff_t>(mcu_.size());
  const ptrdiff_t num_blocks = band_mcus_ * mcu_size, pitch = pitch_;
  int16_t* const coefficients = coefficients_;
  for (ScanPlane& plane : planes_) {
    const int per_mcu = plane.horizontal * plane.vertical;
    int dc = plane.dc, min_dc = plane.min_dc, max_dc = plane.max_dc;
    for (ptrdiff_t first = plane.first_block; first < num_blocks; first += mcu_size) {
      for (ptrdiff_t block = first; block < first + per_mcu; ++block) {
        dc = static_cast<int16_t>(dc + difference(block));
        min_dc = std::min(min_dc, dc);
        max_dc = std::max(max_dc, dc);
        coefficients[block * pitch] = static_cast<int16_t>(dc);
      }
    }
    plane.dc = dc;
    plane.min_dc = min_dc;
    plane.max_dc = max_dc;
  }
}

void SequentialScan::store_band() const {
  for (const ScanPlane& plane : planes_)
    if (plane.plane != nullptr) store_rows(plane);
}

// What the band has of the blocks that are kept of a component: all that do not only fill up, or those of a
// strip.
void SequentialScan::store_rows(const ScanPlane& plane) const {
  const auto horizontal = static_cast<size_t>(plane.horizontal),
             vertical = static_cast<size_t>(plane.vertical);
  const auto mcu_elements = static_cast<ptrdiff_t>(mcu_.size()) * pitch_;
  const Strip& kept = plane.kept;
  const Plane& target = *plane.plane;
  const size_t first = mcu_col_ * horizontal, last = first + static_cast<size_t>(band_mcus_) * horizontal;
  const size_t begin = std::max(first, kept.first_col), end = std::min(last, kept.first_col + kept.num_cols);
  if (begin >= end) return;
  const auto count = static_cast<int>(end - begin);
  const size_t col = begin - kept.first_col;
  // Behind the last block of a row lies its padding; elsewhere the next band, which another thread may have
  // written.
  const int room = end == plane.num_cols ? static_cast<int>(target.row_pitch - col) : count;
  const int16_t* blocks = coefficients_ +
                          static_cast<ptrdiff_t>((begin - first) / horizontal) * mcu_elements +
                          plane.first_block * pitch_;
  for (size_t y = 0; y < vertical; ++y, blocks += plane.horizontal * pitch_) {
    const size_t row = mcu_row_ * vertical + y;
    if (row < kept.first_row || row >= kept.first_row + kept.num_rows) continue;
    const BlockRow source{blocks, plane.horizontal, pitch_, mcu_elements, count};
    const size_t ring_row = (row - kept.first_row) % kept.ring_rows;
    if (request_.layout == Layout::kBlock)
      kernels_->store_blocks(source, target.data + (ring_row * kept.num_cols + col) * kBlockArea,
                             request_.num_frequencies, target.strip.ring_rows == 0 && !request_.read_soon);
    else
      kernels_->store_planes(source, target.data + ring_row * target.row_pitch + col, target.plane_pitch,
                             request_.num_frequencies, room);
  }
}

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
