// Where decoded coefficients go, and which of them are wanted.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jpeg/image.h"

namespace fastdct::jpeg {

enum class Layout {
  kBlock,      // [num_rows, num_cols, 64], natural order
  kFrequency,  // [num_frequencies, num_rows, row_pitch], zig-zag order
};

struct Request {
  Layout layout = Layout::kBlock;
  int num_frequencies =
      kBlockArea;          // the first of the zig-zag order; the others are zero or, in planes, absent
  bool luma_only = false;  // the first component alone
  uint64_t max_pixels = 0;
  bool read_soon = false;  // blocks are written through the caches, not past them

  // Rows of MCUs that strips are taken from: of those before only DC is decoded, those after are left alone.
  size_t first_mcu_row = 0, end_mcu_row = SIZE_MAX;
};

// Blocks of a component that are kept, when its rows are used as soon as they are decoded: row r lies at
// (r - first_row) % ring_rows.
struct Strip {
  size_t first_row = 0, num_rows = 0;
  size_t first_col = 0, num_cols = 0;  // the first one is the first of an MCU
  size_t ring_rows = 0;                // 0: no strip, but the whole plane
};

// One component of the result.
struct Plane {
  Sampling sampling;
  size_t num_rows = 0, num_cols = 0;
  size_t row_pitch = 0;                             // kFrequency: elements from one row to the next
  size_t plane_pitch = 0;                           // kFrequency: elements from one frequency to the next
  std::array<uint16_t, kBlockArea> quantization{};  // natural order
  int16_t* data = nullptr;
  Strip strip;
};

struct CoefficientImage {
  Header header;
  std::vector<Plane> planes;
  std::vector<std::string> warnings;
};

// Hands out memory for planes: 64-byte aligned, contents undefined, valid as long as the allocator says.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual int16_t* allocate(size_t num_elements) = 0;
};

// Sets the pitches of a plane from its numbers of rows and columns; returns the elements that it needs.
size_t lay_out(Plane& plane, const Request& request);

}  // namespace fastdct::jpeg
