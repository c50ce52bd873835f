// The inner loops, once for each instruction set: kernels_<level>.cpp compile the same body with different
// flags.
#pragma once
#include <cstddef>
#include <cstdint>

#include "jpeg/entropy/stream.h"

namespace fastdct::jpeg {

// How far copy_unstuffed() came: `source` is at the end of the input or at the 0xFF of a marker.
struct Copied {
  const uint8_t* source;
  uint8_t* target;
};

// A row of blocks of one component, in zig-zag order, among blocks that stand in decoding order: `horizontal`
// neighbours, then on to the next MCU.
struct BlockRow {
  const int16_t* first;
  int horizontal;
  ptrdiff_t next;  // elements from a block to its neighbour in the same MCU
  ptrdiff_t next_mcu;
  int count;

  const int16_t* operator[](int i) const { return first + i / horizontal * next_mcu + i % horizontal * next; }
};

// A symbol of an AC scan whose code is within the next kProgressiveBits; length 0: there is none.
struct ProgressiveEntry {
  uint8_t length;  // of the code and of the coefficient's bits
  uint8_t zeros;   // before the coefficient; where the band ends, number of bits of the run that follow
  uint8_t size;    // bits of the coefficient; 0: it is a zero
  bool ends;       // the band ends here and in a run of further blocks (T.81, G.1.2.2)
};
constexpr int kProgressiveBits = 9;
constexpr int kMaxSymbolBits = 16 + 15;

__attribute__((always_inline)) inline ProgressiveEntry progressive_entry(Symbol symbol) {
  if (symbol.length == 0) return {0, 0, 0, false};
  const int zeros = symbol.value >> 4, size = symbol.value & 15;
  return {static_cast<uint8_t>(symbol.length + size), static_cast<uint8_t>(zeros), static_cast<uint8_t>(size),
          size == 0 && zeros < 15};
}

struct ProgressiveTable {
  SymbolTable symbols;
  ProgressiveEntry entries[1 << kProgressiveBits];
};

// A run of blocks of one component in an AC scan of progressive coding.
struct ProgressiveRun {
  Cursor* cursor;  // `position` and `table` are not used
  const ProgressiveTable* table;
  int16_t (*blocks)[kBlockArea];  // zig-zag order
  uint64_t* nonzero;              // of each block: bit 63 - k is set where coefficient k is not zero
  size_t count;
  int spectral_start, spectral_end;
  int approximation_low;
  uint32_t*
      end_of_band_run;  // blocks that are still to be passed over; carried from run to run (T.81, G.1.2.2)
};

struct Kernels {
  const char* name;

  // Copies entropy-coded bytes without their stuffing (0xFF 0x00 becomes 0xFF) up to a marker, the end of the
  // source, or until fewer than kCopySlack bytes are left of the target.
  Copied (*copy_unstuffed)(const uint8_t* source, const uint8_t* end, uint8_t* target,
                           const uint8_t* target_end);

  // Advances `count` (1..kMaxStreams) streams together until one of them has stopped().
  void (*decode)(Stream* const* streams, int count);

  // The same for streams of which only the DC is wanted (skipped_band.h).
  void (*decode_dc)(Stream* const* streams, int count);

  // First scan of a band of AC coefficients (T.81, G.1.2.2), and a refining one (G.1.2.3). False: the data
  // are damaged.
  bool (*decode_ac_first)(const ProgressiveRun& run);
  bool (*decode_ac_refine)(const ProgressiveRun& run);

  // Makes the coefficients of `count` blocks zero. (GCC makes `rep stos` of such a memset: 25 cycles a
  // block.)
  void (*clear_blocks)(Block* blocks, int count);

  // Writes a row of blocks in natural order, 64 coefficients each, zero from `num_frequencies` (zig-zag) on;
  // `streaming`: past the caches, if the target is aligned.
  void (*store_blocks)(const BlockRow& row, int16_t* target, int num_frequencies, bool streaming);

  // Writes the first `num_frequencies` coefficients of a row of blocks to one plane each, `plane` elements
  // apart. Up to `room` >= row.count elements of each may be overwritten: whole runs of kRunBlocks are
  // written where they fit.
  void (*store_planes)(const BlockRow& row, int16_t* target, size_t plane, int num_frequencies, int room);

  // Orders the streaming stores of an image before whatever tells another thread of it. Once an image: a
  // fence after every row of blocks waited for memory, 20 cycles a block.
  void (*fence)();
};

constexpr int kMaxStreams = 3;
constexpr ptrdiff_t kCopySlack = 64;
constexpr int kRunBlocks = 32;

// The kernels of the level that cpu_level() names.
const Kernels& kernels();

extern const Kernels kKernelsPortable;
#if defined(__x86_64__)
extern const Kernels kKernelsAvx2;
extern const Kernels kKernelsAvx512;
#endif

}  // namespace fastdct::jpeg
