// An entropy-coded segment on its way from the file to a stream: its bytes without stuffing, a window of them
// at a time, so that memory does not grow with the file.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/kernels.h"

namespace fastdct::jpeg {

// MCUs that are decoded between two stores. 32 blocks of chroma make a whole cache line of a plane; with 16
// MCUs the output of planes took 40 cycles a block instead of 20.
constexpr int kBandMcus = 32;

// A part of a segment, anywhere in its bytes without stuffing. These have kSegmentPadding behind them.
struct CutSegment {
  const uint8_t* bytes = nullptr;  // of the whole segment; nullptr: it is not cut
  const uint8_t* end = nullptr;
  uint64_t first_bit = 0, end_bit = 0;   // end_bit == 0: to the end of the segment
  std::array<int, kMaxComponents> dc{};  // of each component of the scan where it begins
};

class Segment {
 public:
  // Points the cursor at the first bit of the segment that begins at `source`.
  void begin(const Kernels& kernels, const uint8_t* source, const uint8_t* end, Cursor& cursor);

  void begin_cut(const CutSegment& cut, const uint8_t* marker, Cursor& cursor);

  // Makes sure that a whole band can be decoded from the cursor without running out of bytes that the file
  // still has.
  void top_up(const Kernels& kernels, Cursor& cursor);

  // Whether the cursor has taken more than there is: at most a band more, if this is asked before each.
  bool is_exhausted(const Cursor& cursor) const { return complete_ && cursor.next > filled_; }

  // Whether the cursor has taken the last byte of the segment and no bit more: an encoder pads to a byte, no
  // further.
  bool ends_at(const Cursor& cursor) const;

  // The marker after the segment, once ends_at().
  const uint8_t* marker() const { return source_; }

 private:
  // A band of blocks of 64 symbols of 16 + 15 bits: 79 KB. Photos need one or two.
  static constexpr ptrdiff_t kBandBytes = kBandMcus * kMaxMcuBlocks * 64 * 31 / 8;
  static constexpr ptrdiff_t kCapacity = 2 * kBandBytes;
  // Refining scans take correction bits without looking at them, and so run past the padding and decode what
  // lies behind it. Nobody looks before the band is done.
  static constexpr ptrdiff_t kOverrun = kBandBytes;

  void copy(const Kernels& kernels, uint8_t* target);

  const uint8_t* source_ = nullptr;   // not copied yet
  const uint8_t* end_ = nullptr;      // of the file
  const uint8_t* filled_ = nullptr;   // end of what was copied
  const uint8_t* cut_end_ = nullptr;  // byte in which a part ends, or nullptr
  unsigned cut_end_bit_ = 0;
  bool complete_ = false;  // all of the segment was copied
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace fastdct::jpeg
