#include <algorithm>

#include "jpeg/entropy/cut_scan.h"
#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/segment.h"

namespace fastdct::jpeg {
namespace {

// Of a band: few enough that the end of a short piece is not overshot by much.
constexpr int kPieceBandMcus = 8;

}  // namespace

void PieceScanner::plan(CutScan& scan, Piece& piece) {
  if (scan_ != &scan) band_.plan(scan.mcu_, kPieceBandMcus);
  scan_ = &scan;
  piece_ = &piece;
  band_blocks_ = scan.mcu_.size() * kPieceBandMcus;
}

void PieceScanner::begin(CutScan& scan, Piece& piece) {
  plan(scan, piece);
  piece.next_bit = piece.first_bit;
  begin_band();
}

void PieceScanner::begin_band() {
  stream_.cursor.next = scan_->bytes_.get() + piece_->next_bit / 8;
  stream_.cursor.window = load_window(stream_.cursor.next, piece_->next_bit % 8);
  stream_.cursor.table = nullptr;
  band_.begin(stream_, band_blocks_);
}

// Lists the blocks that were passed over whole.
bool PieceScanner::finish_band() {
  const uint64_t origin = static_cast<uint64_t>(stream_.cursor.next - scan_->bytes_.get()) * 8;
  const size_t count = band_.num_passed(stream_);
  for (size_t i = 0; i < count; ++i)
    piece_->positions.push_back(static_cast<uint32_t>(origin + band_.position(i) - piece_->first_bit));
  scan_->num_listed_ += count;
  piece_->next_bit = origin + band_.position(count);
  return band_.finish(stream_, band_blocks_);
}

// What is no code was met by a piece that had not found the blocks yet, or behind the last one.
bool PieceScanner::advance() {
  if (!finish_band()) {
    const bool is_guess = piece_->first_bit > 0;
    const uint64_t next = (piece_->next_bit / 8 + 1) * 8;
    if (!is_guess || next >= piece_->end_bit) {
      piece_->stopped = true;
      return false;
    }
    scan_->num_listed_ -= piece_->positions.size();
    piece_->positions.clear();
    piece_->next_bit = next;
  } else if (piece_->next_bit >= piece_->end_bit) {
    return false;
  } else if (scan_->is_crowded()) {
    piece_->stopped = true;
    return false;
  }
  begin_band();
  return true;
}

void PieceScanner::go_on(CutScan& scan, Piece& piece) {
  plan(scan, piece);
  begin_band();
  Stream* const stream = &stream_;
  kernels().decode_dc(&stream, 1);
  if (!finish_band() || scan.is_crowded()) piece.stopped = true;
}

}  // namespace fastdct::jpeg
