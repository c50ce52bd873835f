#include "jpeg/entropy/cut_scan.h"

#include <algorithm>
#include <cstring>

#include "jpeg/entropy/kernels.h"

namespace fastdct::jpeg {

bool CutScan::possible(const MarkerReader& markers) {
  const Scan& scan = markers.scan();
  constexpr ptrdiff_t kMaxBytes = ptrdiff_t{1} << 28;  // positions have 32 bits
  if (markers.end() - scan.data > kMaxBytes || markers.frame().progressive() ||
      markers.restart_interval() > 0 || scan.num_components != markers.frame().num_components)
    return false;
  return sequential_anomaly(markers) == nullptr;
}

CutScan::CutScan(const MarkerReader& markers, TableCache& cache, size_t piece_bytes) {
  const Frame& frame = markers.frame();
  const Scan& scan = markers.scan();
  const bool alone = scan.num_components == 1;
  for (int i = 0; i < scan.num_components; ++i) {
    const Sampling sampling = frame.components[scan.components[i].index].sampling;
    const auto count = static_cast<size_t>(alone ? 1 : sampling.horizontal * sampling.vertical);
    const auto tables = cache.get_skip(markers.dc_spec(scan.components[i].dc_table),
                                       markers.ac_spec(scan.components[i].ac_table));
    mcu_.insert(mcu_.end(), count, tables);
    component_of_.insert(component_of_.end(), count, i);
  }
  num_blocks_ = alone ? frame.components[0].num_rows * frame.components[0].num_cols
                      : frame.num_mcu_rows() * frame.num_mcu_cols() * mcu_.size();

  const auto room = static_cast<size_t>(markers.end() - scan.data) + kCopySlack;
  bytes_.reset(new uint8_t[room + kSegmentPadding]);
  const Copied copied = kernels().copy_unstuffed(scan.data, markers.end(), bytes_.get(), bytes_.get() + room);
  end_ = copied.target;
  marker_ = copied.source;
  std::memset(copied.target, 0xFF, kSegmentPadding);
  const auto size = static_cast<size_t>(end_ - bytes_.get());
  for (size_t first = 0; first < size; first += piece_bytes)
    pieces_.push_back({8 * first, 8 * std::min(size, first + piece_bytes), 0, {}, false});
}

BlockList CutScan::list(const Piece& piece) const {
  return {piece.first_bit, piece.positions.data(), static_cast<uint32_t>(piece.positions.size())};
}

// Pieces list each block about once, and few more before they have found them. Bits behind the last block, of
// which a small picture may have many, are blocks too to who passes over them, of two bits: sixteen times the
// file.
bool CutScan::is_crowded() const {
  constexpr size_t kUnfound = size_t{1} << 13;  // blocks of a piece
  return num_listed_.load() > 2 * num_blocks_ + kUnfound * pieces_.size();
}

// Sets the length of the run and where the next one begins; false: there is none, this one ends the scan.
bool CutScan::follow(Run& run, BlockLink& next) {
  PieceScanner scanner;
  std::vector<BlockList> lists;
  for (const Piece& piece : pieces_) lists.push_back(list(piece));
  Piece& piece = pieces_[run.piece];
  const auto num_lists = static_cast<uint32_t>(lists.size());
  uint32_t block = std::max(run.first, find_block(lists[run.piece], piece.end_bit));
  for (;; ++block) {
    while (block == lists[run.piece].count && !piece.stopped) {
      scanner.go_on(*this, piece);
      lists[run.piece] = list(piece);
    }
    run.count = block - run.first;
    if (block == lists[run.piece].count) return false;
    next = link_block(lists.data(), num_lists, static_cast<uint32_t>(mcu_.size()), {run.piece, block});
    if (next.piece < num_lists) return true;
  }
}

bool CutScan::join() {
  BlockLink from{0, 0};
  size_t done = 0;
  bool more = !pieces_.empty();
  while (more && done < num_blocks_) {
    Run run{from.piece, from.block, 0, done, {}, {}};
    more = follow(run, from);
    run.count = static_cast<uint32_t>(std::min<size_t>(run.count, num_blocks_ - done));
    done += run.count;
    if (run.count > 0) runs_.push_back(run);
  }
  return done == num_blocks_;
}

// Blocks of a run before the first one of an MCU.
uint32_t CutScan::head_of(const Run& run) const {
  const auto size = static_cast<uint32_t>(mcu_.size());
  return std::min(run.count, (size - run.first % size) % size);
}

void CutScan::sum_dc(size_t index) {
  Run& run = runs_[index];
  const uint32_t head = head_of(run);
  for (uint32_t i = 0; i < run.count; ++i) {
    const uint64_t bit = position(run, run.first + i);
    const size_t place = (run.first + i) % mcu_.size();
    const uint64_t window = load_big_endian(bytes_.get() + bit / 8) << bit % 8;
    int& sum = (i < head ? run.head : run.body)[static_cast<size_t>(component_of_[place])];
    sum = static_cast<int16_t>(sum + mcu_[place]->difference(window));
  }
}

std::vector<ScanPart> CutScan::parts() const {
  std::vector<ScanPart> parts;
  Sums dc{};
  const auto add = [&](const Sums& sums) {
    for (size_t i = 0; i < dc.size(); ++i) dc[i] = static_cast<int16_t>(dc[i] + sums[i]);
  };
  for (const Run& run : runs_) {
    const uint32_t head = head_of(run);
    add(run.head);
    if (head < run.count) {
      const size_t mcu = (run.first_block + head) / mcu_.size();
      const uint64_t bit = position(run, run.first + head);
      if (!parts.empty()) {
        parts.back().end_mcu = mcu;
        parts.back().cut.end_bit = bit;
      }
      parts.push_back({mcu, num_blocks_ / mcu_.size(), marker_, 0, {bytes_.get(), end_, bit, 0, dc}});
    }
    add(run.body);
  }
  return parts;
}

uint64_t CutScan::bits_of_work() const {
  uint64_t bits = 0;
  for (const Piece& piece : pieces_) bits += piece.end_bit - piece.first_bit;
  for (size_t i = 0; i + 1 < runs_.size(); ++i) {
    const uint64_t met = position(runs_[i], runs_[i].first + runs_[i].count);
    const uint64_t end = pieces_[runs_[i].piece].end_bit;
    bits += met > end ? met - end : 0;
  }
  return bits;
}

}  // namespace fastdct::jpeg
