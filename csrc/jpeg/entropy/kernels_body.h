// The body of every kernels_<level>.cpp. Everything is in an anonymous namespace, and nothing inline of the
// standard library is used: a copy compiled for AVX-512 must not be the one that the linker keeps for
// everybody.
//
// GLOSSARY of the decoding loop
//   window    the coming bits, first bit on top, a sentinel 1 below the last valid one (stream.h)
//   position  where the coefficient that is due will be written; its low byte is 2 * its zig-zag index
//   table     the entries in force: rest (AC) inside a block, block_start (DC and AC) at its head
//   span      2 * coefficients that an entry passes, + 1 if it ends the block; 128 for an exception
//
// INVARIANTS
//   - After refill() at least 56 bits are valid and an entry takes at most 18 (kMaxEntryBits): three steps.
//   - The low byte of position + span has bit 7 set exactly when the entry passes coefficient 63, is an
//     exception, or belongs to the stop table: position <= 126 and span <= 128 keep the sum below 256.
//   - An exception changes nothing before it is resolved.
//
// WHAT WAS TRIED (cycles a block, three streams, 4:2:0 photos of 62 and 105 bits a block, output not
// included)
//   59, 99    as it stands; a block is 6.9 and 11.0 steps
//   61, 115   four steps a refill, entries of at most 14 bits: three times as many exceptions
//   82, 175   no extra bits outside the index: one step in thirteen is an exception, and one costs 80 cycles,
//             since the misprediction throws away the work of all streams
//   71, 133   an index of 10 bits; 9 bits: 93, 192; 12 bits: no better than 11, and twice the cache
//   73, 136   coefficient index and block pointer kept apart, five words of state a stream: GCC spilled the
//             windows of three streams
//   76, 138   extra bits added as a vector from a table of 2 KB instead of by pdep
//   68, 113   two streams; 108, 175: one

#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/kernels_progressive.h"
#include "jpeg/entropy/kernels_skip.h"
#include "jpeg/entropy/kernels_store.h"
#include "jpeg/entropy/simd.h"

#ifndef FASTDCT_KERNELS
#error "define FASTDCT_KERNELS, the name of the table to be made"
#endif

namespace fastdct::jpeg {
namespace {

// ---- bytes ----

// Stuffed bytes are about one in 150 of a photo, so runs of 32 bytes without 0xFF are the common case.
// Compressing the stuffing out of 64 bytes with VBMI2 was slower (0.35 cycles a byte against 0.2).
Copied copy_unstuffed(const uint8_t* source, const uint8_t* end, uint8_t* target, const uint8_t* target_end) {
  while (target_end - target >= kCopySlack) {
    if (end - source > 32) {
      const uint32_t found = copy_and_find_ff(source, target);
      const int run = found == 0 ? 32 : __builtin_ctz(found);
      source += run;
      target += run;
      if (found == 0) continue;
    } else {
      while (source < end && *source != 0xFF) *target++ = *source++;
    }
    if (end - source < 2 || source[1] != 0) break;
    *target++ = 0xFF;
    source += 2;
  }
  return {source, target};
}

// ---- streams ----

// Decodes what the next entry holds and sets `length` to the bits that it took; false: nothing was done, the
// entry is an exception.
FASTDCT_INLINE bool step(Cursor& c, unsigned& length) {
  const LookupEntry* const entry = c.table + (c.window >> (64 - kLookupBits));
  const uint64_t span = entry->span;
  char* position = c.position + span;
  if (__builtin_expect(static_cast<int8_t>(reinterpret_cast<uintptr_t>(position)) < 0, 0)) return false;

  length = entry->length;
  uint32_t values;
  std::memcpy(&values, entry->values, sizeof values);
  values += deposit_bits(c.window >> (-length & 63), entry->deposit);
  store_values(c.position + entry->offset, values);
  c.window <<= length & 63;

  char* const start = reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(c.position) & ~uintptr_t{255});
  const Block* const block = reinterpret_cast<const Block*>(start);
  const LookupEntry* table = block->rest;
  select_if_odd(span, table, block->following, position, start + sizeof(Block));
  c.table = table;
  c.position = position;
  return true;
}

// Cursors are locals, not array elements behind a pointer: their words stay in registers.
template <int kCount>
void decode_streams(Stream* const* streams) {
  Cursor a = streams[0]->cursor;
  Cursor b = streams[1]->cursor;
  Cursor c = streams[kCount > 2 ? 2 : 0]->cursor;
  unsigned length;
  for (;;) {
    refill(a);
    refill(b);
    if (kCount > 2) refill(c);
    for (int i = 0; i < 3; ++i) {
      if (!step(a, length)) goto exception_a;
      if (!step(b, length)) goto exception_b;
      if (kCount > 2 && !step(c, length)) goto exception_c;
    }
    continue;
  exception_a:
    a = resolve_exception(a);
    if (a.table == nullptr) break;
    continue;
  exception_b:
    b = resolve_exception(b);
    if (b.table == nullptr) break;
    continue;
  exception_c:
    c = resolve_exception(c);
    if (c.table == nullptr) break;
  }
  streams[0]->cursor = a;
  streams[1]->cursor = b;
  if (kCount > 2) streams[2]->cursor = c;
}

// A stream alone is bound by the chain from one lookup to the next, not by the number of instructions, and
// the reload of refill() is in that chain: eleven cycles every three steps. Here valid bits are counted
// instead, so that the word that the next refill needs is known, and loaded, one refill ahead: only a shift
// and an OR remain in the chain.
void decode_stream(Stream& stream) {
  Cursor c = stream.cursor;
  while (c.table != nullptr) {
    const auto taken = static_cast<unsigned>(__builtin_ctzll(c.window));
    const uint8_t* next = c.next + taken / 8;
    // Below its `valid` top bits the window holds the bits that follow them, or zeros: OR-ing them in again
    // is harmless.
    c.window = load_big_endian(next) << taken % 8;
    unsigned valid = 56 - taken % 8, length;
    next += 7;
    bool more = true;
    while (more) {
      c.window |= load_big_endian(next) >> valid;
      next += (63 - valid) / 8;
      valid |= 56;
      for (int i = 0; i < 3 && (more = step(c, length)); ++i) valid -= length;
    }
    c.next = next - (valid + 7) / 8;
    c.window = load_window(c.next, -valid % 8);
    c = resolve_exception(c);
  }
  stream.cursor = c;
}

void decode(Stream* const* streams, int count) {
  if (count == 1) return decode_stream(*streams[0]);
  if (count == 2) return decode_streams<2>(streams);
  decode_streams<3>(streams);
}

void decode_dc(Stream* const* streams, int count) {
  if (count == 1) return skip_streams<1>(streams);
  if (count == 2) return skip_streams<2>(streams);
  skip_streams<3>(streams);
}

}  // namespace

const Kernels FASTDCT_KERNELS = {FASTDCT_KERNELS_NAME, copy_unstuffed,   decode,       decode_dc,
                                 decode_ac_first,      decode_ac_refine, clear_blocks, store_blocks,
                                 store_planes,         fence_streaming};

}  // namespace fastdct::jpeg
