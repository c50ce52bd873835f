// Reading, strictly and recovering, and writing back what was read.
//   clang++ -std=c++17 -g -O1 -fsanitize=fuzzer,address,undefined -Icsrc fuzz/fuzz_read.cpp csrc/jpeg/*.cpp
//   -ljpeg
//       -o fuzz_read
#include <cstdlib>
#include <cstring>

#include "common/error.h"
#include "jpeg/libjpeg_reader.h"
#include "jpeg/libjpeg_writer.h"

using namespace fastdct;

namespace {

constexpr uint64_t kMaxPixels = uint64_t{1} << 20;

void require(bool condition) {
  if (!condition) std::abort();
}

bool read(const uint8_t* data, size_t size, bool recover, jpeg::Image& image) {
  try {
    image = jpeg::read_image(data, size, {recover, kMaxPixels});
    return true;
  } catch (const JpegError& error) {
    require(std::strlen(error.what()) > 0);
    return false;
  }
}

size_t num_values(const jpeg::Component& component) {
  return component.num_rows * component.num_cols * jpeg::kBlockArea;
}

void require_same(const jpeg::Image& a, const jpeg::Image& b) {
  require(a.header.height == b.header.height && a.header.width == b.header.width);
  require(a.header.color_space == b.header.color_space && a.header.orientation == b.header.orientation);
  require(a.components.size() == b.components.size());
  for (size_t i = 0; i < a.components.size(); ++i) {
    const jpeg::Component& x = a.components[i];
    const jpeg::Component& y = b.components[i];
    require(x.num_rows == y.num_rows && x.num_cols == y.num_cols && x.quantization == y.quantization);
    require(std::memcmp(x.coefficients.get(), y.coefficients.get(), num_values(x) * sizeof(int16_t)) == 0);
  }
}

void write_back(const jpeg::Image& image) {
  jpeg::ImageView view{
      image.header.height, image.header.width, image.header.color_space, image.header.orientation, {}};
  for (const jpeg::Component& component : image.components)
    view.components.push_back(
        {component.sampling, component.quantization.data(), component.coefficients.get()});
  try {
    const std::vector<uint8_t> file = jpeg::write_image(view);
    jpeg::Image again;
    require(read(file.data(), file.size(), false, again));
    require_same(image, again);
  } catch (const JpegError&) {
    // coefficients too large for Huffman coding: a damaged file may hold them
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  jpeg::Image strict;
  jpeg::Image recovered;
  const bool is_whole = read(data, size, false, strict);
  const bool is_readable = read(data, size, true, recovered);
  if (is_whole) {
    require(is_readable);
    require_same(strict, recovered);
  }
  if (is_readable) write_back(recovered);
  return 0;
}
