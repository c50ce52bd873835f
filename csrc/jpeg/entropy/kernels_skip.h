// Passing over blocks. Part of the kernels' body.
//
//   - After refill_skip() at least 57 bits of the window are valid.
//   - state + entry has bit 31 set exactly when the entry passes coefficient 63, is an exception, or belongs
//     to the stop table: 63 and 64 coefficients are at most 127.
//
// WHAT WAS TRIED (times libjpeg-turbo's reading of coefficients, 500x375 photos at quality 75 and 90)
//   4.9, 4.9  as it stands
//   4.0, 3.9  the decoding loop with tables without AC values: the DC had to be known from the index,
//             256 bytes of scratch a block, seven steps a block
//   4.7, 4.6  an index of 11 bits; 4.6, 4.5: 10 bits
//   4.5, 4.3  cursors by value to the resolution of exceptions: GCC then gives up a register to align
//             its frame
//   4.0, 4.4  DC differences decoded symbol by symbol, with a branch for size 0, in a loop of their own
#pragma once
#include "jpeg/entropy/simd.h"
#include "jpeg/entropy/skip.h"

namespace fastdct::jpeg {
namespace {

FASTDCT_INLINE void refill_skip(SkipCursor& c) {
  const uint32_t position = c.state & kSkipPosition;
  c.window = load_big_endian(c.origin + position / 8) << position % 8;
}

// False: nothing was done, the entry is an exception.
FASTDCT_INLINE bool skip_step(SkipCursor& c) {
  const SkipEntry entry = c.table[c.window >> (64 - kSkipBits)];
  const uint32_t state = c.state + entry;
  if (__builtin_expect(static_cast<int32_t>(state) < 0, 0)) return false;
  c.window <<= entry & 63;
  c.block[1].start = state;  // unless the block goes on: then the next step knows better
  c.state = state;
  choose_skip_table(entry, c);
  return true;
}

// Where the cursors' words stay in registers, their memory is the streams' own.
FASTDCT_INLINE bool resolve(Stream& stream, SkipCursor& c) {
  stream.skip = c;
  resolve_skip_exception(stream.skip);
  c = stream.skip;
  return c.table != nullptr;
}

template <int kCount>
__attribute__((noinline)) void skip_streams(Stream* const* streams) {
  SkipCursor a = streams[0]->skip;
  SkipCursor b = streams[kCount > 1 ? 1 : 0]->skip;
  SkipCursor c = streams[kCount > 2 ? 2 : 0]->skip;
  for (;;) {
    refill_skip(a);
    if (kCount > 1) refill_skip(b);
    if (kCount > 2) refill_skip(c);
    for (int i = 0; i < 3; ++i) {
      if (!skip_step(a)) goto exception_a;
      if (kCount > 1 && !skip_step(b)) goto exception_b;
      if (kCount > 2 && !skip_step(c)) goto exception_c;
    }
    continue;
  exception_a:
    if (!resolve(*streams[0], a)) break;
    continue;
  exception_b:
    if (!resolve(*streams[1], b)) break;
    continue;
  exception_c:
    if (!resolve(*streams[2], c)) break;
  }
  streams[0]->skip = a;
  if (kCount > 1) streams[1]->skip = b;
  if (kCount > 2) streams[2]->skip = c;
}

}  // namespace
}  // namespace fastdct::jpeg
