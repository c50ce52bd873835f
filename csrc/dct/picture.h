// A picture as planes of blocks held by the caller, and a window of it.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fastdct::dct {

enum class Colors { kGrayscale, kYCbCr, kRgb };

// Pixels of the picture to one sample, along one axis: numerator / divisor >= 1.
struct Subsampling {
  int numerator = 1;
  int divisor = 1;
};

constexpr bool same(const Subsampling& a, const Subsampling& b) {
  return int64_t{a.numerator} * b.divisor == int64_t{b.numerator} * a.divisor;
}

// Along one side of a component (T.81, A.1.1).
constexpr size_t num_blocks(int size, const Subsampling& subsampling) {
  const int64_t scaled = int64_t{size} * subsampling.divisor;
  const int64_t samples = (scaled + subsampling.numerator - 1) / subsampling.numerator;
  return static_cast<size_t>((samples + 7) / 8);
}

// One component. Blocks are [num_rows, num_cols, 8, 8], natural order: int16 to be multiplied by
// `quantization`, or floats (a source that was pixels).
struct Plane {
  const int16_t* blocks = nullptr;
  const float* float_blocks = nullptr;  // used if `blocks` is null
  size_t num_rows = 0;
  size_t num_cols = 0;
  std::array<float, 64> quantization{};
  Subsampling vertical;
  Subsampling horizontal;
};

struct Picture {
  int height = 0;  // as stored
  int width = 0;
  int orientation = 1;  // EXIF, 1..8: what makes it upright
  Colors colors = Colors::kYCbCr;
  std::vector<Plane> planes;  // three, or one if grayscale
};

// Corners in pixels of the upright picture, inside it.
struct Window {
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
  bool flip = false;  // mirror left and right
};

// EXIF 2.32, tag 0x0112: upright = flips(transpose?(stored)).
struct Orientation {
  bool transpose;
  bool flip_x;
  bool flip_y;
};

constexpr Orientation orientation_of(int exif) {
  constexpr Orientation kOrientations[8] = {{false, false, false}, {false, true, false}, {false, true, true},
                                            {false, false, true},  {true, false, false}, {true, true, false},
                                            {true, true, true},    {true, false, true}};
  return kOrientations[exif >= 1 && exif <= 8 ? exif - 1 : 0];
}

}  // namespace fastdct::dct
