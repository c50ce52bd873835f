// A scan without restart markers, cut into pieces that several threads decode: one quick pass over all pieces
// finds where blocks begin and how many there are, and what the DC has come to, at places from which parts of
// the scan can then be decoded as if restart markers stood there.
//
// A piece begins at a guess. It is followed past its end until it meets a later piece (block_lists.h); what a
// piece passed before the block where it was met is dropped. There are no rounds, and nobody guesses twice.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "jpeg/entropy/block_lists.h"
#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/sequential.h"
#include "jpeg/entropy/skipped_band.h"
#include "jpeg/entropy/table_cache.h"

namespace fastdct::jpeg {

struct Piece {
  uint64_t first_bit, end_bit;      // nominal
  uint64_t next_bit = 0;            // behind the last block
  std::vector<uint32_t> positions;  // of blocks, from first_bit
  bool stopped = false;             // at the end of the scan, at what is no code, or at too many blocks
};

class CutScan {
 public:
  // Whether the current scan can be cut: all components, sequential, no restart markers, tables in order.
  static bool possible(const MarkerReader& markers);

  CutScan(const MarkerReader& markers, TableCache& cache, size_t piece_bytes);

  // To be passed over in any order, by PieceScanner; then join(). False: the scan is odd in some way.
  std::vector<Piece>& pieces() { return pieces_; }
  bool join();

  // After join(): runs of blocks that together are the scan. sum_dc() for each, in any order; then parts().
  size_t num_runs() const { return runs_.size(); }
  void sum_dc(size_t run);
  std::vector<ScanPart> parts() const;

  // Bits that were passed over, those twice that two pieces have, as far as pieces had to go.
  uint64_t bits_of_work() const;
  uint64_t num_bits() const { return static_cast<uint64_t>(end_ - bytes_.get()) * 8; }

 private:
  friend class PieceScanner;
  using Sums = std::array<int, kMaxComponents>;  // of DC differences; they wrap at 16 bits

  struct Run {
    uint32_t piece, first, count;  // blocks of its list
    size_t first_block;            // of the scan
    Sums head{}, body{};           // up to the first whole MCU, and from there on
  };

  BlockList list(const Piece& piece) const;
  uint32_t head_of(const Run& run) const;
  bool follow(Run& run, BlockLink& next);
  uint64_t position(const Run& run, uint32_t block) const { return list(pieces_[run.piece]).position(block); }
  bool is_crowded() const;

  std::vector<std::shared_ptr<const SkipTables>> mcu_;
  std::vector<int> component_of_;  // of each block of an MCU
  size_t num_blocks_ = 0;
  std::unique_ptr<uint8_t[]> bytes_;  // of the scan, without stuffing
  const uint8_t* end_ = nullptr;
  const uint8_t* marker_ = nullptr;  // after the scan, in the file
  std::vector<Piece> pieces_;
  std::atomic<size_t> num_listed_{0};  // blocks of all pieces
  std::vector<Run> runs_;
};

// Passes over one piece at a time.
class PieceScanner {
 public:
  void begin(CutScan& scan, Piece& piece);
  Stream& stream() { return stream_; }
  bool advance();  // after the stream has stopped; false: the piece is finished

  void go_on(CutScan& scan, Piece& piece);  // a little further

 private:
  void plan(CutScan& scan, Piece& piece);
  void begin_band();
  bool finish_band();  // false: damaged

  CutScan* scan_ = nullptr;
  Piece* piece_ = nullptr;
  SkippedBand band_;
  Stream stream_{};
  size_t band_blocks_ = 0;
};

}  // namespace fastdct::jpeg
