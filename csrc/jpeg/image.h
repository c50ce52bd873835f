// What a JPEG file holds, before anything is made of it: plain data, shared by every reader and writer.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fastdct::jpeg {

constexpr int kBlockSize = 8;
constexpr int kBlockArea = 64;

// Sampling factors of one component, 1..4 each (T.81, A.1.1).
struct Sampling {
  int horizontal = 1;
  int vertical = 1;
};

// The colour space of the components as stored. Kept in the order of color_space_name().
enum class ColorSpace { kUnknown, kGrayscale, kRgb, kYCbCr, kCmyk, kYcck };

struct Header {
  int height = 0;
  int width = 0;
  ColorSpace color_space = ColorSpace::kUnknown;
  std::string process;  // "baseline", "extended", "progressive", ...
  std::vector<Sampling> sampling;
  int restart_interval = 0;  // MCUs between restart markers; 0: none
  int orientation = 1;       // EXIF, 1..8
};

struct FreeMemory {
  void operator()(int16_t* memory) const;
};
using CoefficientArray = std::unique_ptr<int16_t[], FreeMemory>;

// Contents undefined; a large array is aligned to cache lines and asks for huge pages. Throws std::bad_alloc.
CoefficientArray allocate_coefficients(size_t num_elements);

// Quantised coefficients of one component: num_rows x num_cols blocks of 64, natural order (v * 8 + u).
struct Component {
  Sampling sampling;
  size_t num_rows = 0;
  size_t num_cols = 0;
  std::array<uint16_t, kBlockArea> quantization{};
  CoefficientArray coefficients;
};

struct Image {
  Header header;
  std::vector<Component> components;
  std::vector<std::string> warnings;
};

// An image to be written, held by the caller: blocks as in Component, num_blocks() of them along each side.
struct ComponentView {
  Sampling sampling;
  const uint16_t* quantization;
  const int16_t* coefficients;
};

struct ImageView {
  int height;
  int width;
  ColorSpace color_space;
  int orientation;
  std::vector<ComponentView> components;
};

const char* color_space_name(ColorSpace color_space);
ColorSpace color_space_from_name(const std::string& name);  // throws JpegError

// Blocks along one side of a component: ceil(ceil(size * factor / max_factor) / 8), without MCU padding
// (T.81, A.1.1).
constexpr size_t num_blocks(int size, int factor, int max_factor) {
  const size_t samples = (static_cast<size_t>(size) * factor + max_factor - 1) / max_factor;
  return (samples + kBlockSize - 1) / kBlockSize;
}

}  // namespace fastdct::jpeg
