#include "jpeg/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "jpeg/entropy/image_decoder.h"
#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/zigzag.h"

namespace fastdct::jpeg {
namespace {

// Memory that becomes the components of an Image.
class ComponentAllocator : public Allocator {
 public:
  int16_t* allocate(size_t num_elements) override {
    owned_.push_back(allocate_coefficients(num_elements));
    return owned_.back().get();
  }
  CoefficientArray take(size_t i) { return std::move(owned_[i]); }

 private:
  std::vector<CoefficientArray> owned_;
};

// The scratch memory of a thread's single reads.
struct Engine {
  ImageDecoder decoder;
  TableCache cache;
};

Engine& thread_engine() {
  static thread_local Engine engine;
  return engine;
}

bool decode(Engine& engine, const uint8_t* data, size_t size, const Request& request, Allocator& allocator,
            const DecodeAtOnce& decode_at_once = nullptr) {
  ImageDecoder& decoder = engine.decoder;
  const auto advance = request.num_frequencies == 1 ? kernels().decode_dc : kernels().decode;
  ImageDecoder::State state = decoder.begin(data, size, request, allocator, engine.cache);
  if (state == ImageDecoder::State::kDecoding && decode_at_once)
    state = decode_at_once(decoder).value_or(state);
  while (state == ImageDecoder::State::kDecoding) {
    Stream* stream = &decoder.stream();
    advance(&stream, 1);
    state = decoder.advance();
  }
  return state == ImageDecoder::State::kDone;
}

Image to_image(CoefficientImage& source, ComponentAllocator& memory) {
  Image image;
  image.header = std::move(source.header);
  for (size_t i = 0; i < source.planes.size(); ++i) {
    const Plane& plane = source.planes[i];
    image.components.push_back(
        {plane.sampling, plane.num_rows, plane.num_cols, plane.quantization, memory.take(i)});
  }
  return image;
}

void copy_blocks(const Component& component, Plane& plane, int num_frequencies) {
  const size_t count = component.num_rows * component.num_cols;
  const int16_t* source = component.coefficients.get();
  std::memcpy(plane.data, source, count * kBlockArea * sizeof(int16_t));
  if (num_frequencies == kBlockArea) return;
  for (size_t i = 0; i < count; ++i)
    for (int k = num_frequencies; k < kBlockArea; ++k) plane.data[i * kBlockArea + kNaturalOrder[k]] = 0;
}

void copy_planes(const Component& component, Plane& plane, int num_frequencies) {
  const int16_t* block = component.coefficients.get();
  for (size_t row = 0; row < component.num_rows; ++row)
    for (size_t col = 0; col < component.num_cols; ++col, block += kBlockArea)
      for (int k = 0; k < num_frequencies; ++k)
        plane.data[static_cast<size_t>(k) * plane.plane_pitch + row * plane.row_pitch + col] =
            block[kNaturalOrder[k]];
}

}  // namespace

Header read_header_fast(const uint8_t* data, size_t size) {
  MarkerReader markers(data, size);
  if (markers.first_scan() == MarkerReader::Found::kScan) return markers.header();
  return read_header(data, size);
}

Image read_image_fast(const uint8_t* data, size_t size, const ReadOptions& options,
                      const DecodeAtOnce& decode_at_once) {
  Request request;
  request.max_pixels = options.max_pixels;
  ComponentAllocator memory;
  Engine& engine = thread_engine();
  if (!decode(engine, data, size, request, memory, decode_at_once)) return read_image(data, size, options);
  return to_image(engine.decoder.image(), memory);
}

const char* find_anomaly(const uint8_t* data, size_t size) {
  Request request;
  request.max_pixels = UINT64_MAX;
  ComponentAllocator memory;
  Engine& engine = thread_engine();
  return decode(engine, data, size, request, memory) ? nullptr : engine.decoder.anomaly();
}

bool read_coefficients(const uint8_t* data, size_t size, const Request& request, Allocator& allocator,
                       CoefficientImage& image) {
  Engine& engine = thread_engine();
  if (!decode(engine, data, size, request, allocator)) return false;
  image = std::move(engine.decoder.image());
  return true;
}

CoefficientImage read_through_libjpeg(const uint8_t* data, size_t size, const Request& request,
                                      Allocator& allocator) {
  Image source = read_image(data, size, {false, request.max_pixels});
  CoefficientImage image;
  image.header = std::move(source.header);
  image.warnings = std::move(source.warnings);
  if (request.luma_only) source.components.resize(1);
  for (const Component& component : source.components) {
    Plane plane;
    plane.sampling = component.sampling;
    plane.num_rows = component.num_rows;
    plane.num_cols = component.num_cols;
    plane.quantization = component.quantization;
    plane.data = allocator.allocate(lay_out(plane, request));
    if (request.layout == Layout::kBlock)
      copy_blocks(component, plane, request.num_frequencies);
    else
      copy_planes(component, plane, request.num_frequencies);
    image.planes.push_back(plane);
  }
  return image;
}

}  // namespace fastdct::jpeg
