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
};

// One component of the result.
struct Plane {
  Sampling sampling;
  size_t num_rows = 0, num_cols = 0;
  size_t row_pitch = 0;                             // kFrequency: elements from one row to the next
  size_t plane_pitch = 0;                           // kFrequency: elements from one frequency to the next
  std::array<uint16_t, kBlockArea> quantization{};  // natural order
  int16_t* data = nullptr;
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
