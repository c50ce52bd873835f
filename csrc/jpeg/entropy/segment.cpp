#include "jpeg/entropy/segment.h"

#include <cstring>

namespace fastdct::jpeg {
namespace {

// The byte that the cursor's next bit is in, and the bit's place in it.
const uint8_t* next_byte(const Cursor& cursor, unsigned& bit) {
  const auto taken = static_cast<unsigned>(__builtin_ctzll(cursor.window));
  bit = taken % 8;
  return cursor.next + taken / 8;
}

}  // namespace

void Segment::copy(const Kernels& kernels, uint8_t* target) {
  const Copied copied = kernels.copy_unstuffed(source_, end_, target, buffer_.get() + kCapacity);
  source_ = copied.source;
  filled_ = copied.target;
  complete_ = buffer_.get() + kCapacity - filled_ >= kCopySlack;
  std::memset(copied.target, 0xFF, kSegmentPadding);
}

void Segment::begin(const Kernels& kernels, const uint8_t* source, const uint8_t* end, Cursor& cursor) {
  if (!buffer_) buffer_.reset(new uint8_t[kCapacity + kOverrun + kSegmentPadding]);
  source_ = source;
  end_ = end;
  cut_end_ = nullptr;
  copy(kernels, buffer_.get());
  cursor.next = buffer_.get();
  cursor.window = load_window(cursor.next, 0);
}

void Segment::begin_cut(const CutSegment& cut, const uint8_t* marker, Cursor& cursor) {
  source_ = marker;
  filled_ = cut.end;
  cut_end_ = cut.end_bit == 0 ? nullptr : cut.bytes + cut.end_bit / 8;
  cut_end_bit_ = cut.end_bit % 8;
  complete_ = true;
  cursor.next = cut.bytes + cut.first_bit / 8;
  cursor.window = load_window(cursor.next, cut.first_bit % 8);
}

void Segment::top_up(const Kernels& kernels, Cursor& cursor) {
  if (complete_ || filled_ - cursor.next >= kBandBytes) return;
  unsigned bit;
  const uint8_t* from = next_byte(cursor, bit);
  const ptrdiff_t rest = from < filled_ ? filled_ - from : 0;
  std::memmove(buffer_.get(), from, static_cast<size_t>(rest));
  copy(kernels, buffer_.get() + rest);
  cursor.next = buffer_.get();
  cursor.window = load_window(cursor.next, bit);
}

bool Segment::ends_at(const Cursor& cursor) const {
  unsigned bit;
  const uint8_t* byte = next_byte(cursor, bit);
  if (cut_end_ != nullptr) return byte == cut_end_ && bit == cut_end_bit_;
  return complete_ && byte + (bit > 0 ? 1 : 0) == filled_;
}

}  // namespace fastdct::jpeg
