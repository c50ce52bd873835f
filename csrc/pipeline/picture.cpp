#include "pipeline/picture.h"

#include <algorithm>
#include <string>

#include "common/error.h"

namespace fastdct::pipeline {
namespace {

dct::Colors colours_of(jpeg::ColorSpace color_space) {
  switch (color_space) {
    case jpeg::ColorSpace::kGrayscale:
      return dct::Colors::kGrayscale;
    case jpeg::ColorSpace::kYCbCr:
      return dct::Colors::kYCbCr;
    case jpeg::ColorSpace::kRgb:
      return dct::Colors::kRgb;
    default:
      throw JpegError(std::string("colour space ") + jpeg::color_space_name(color_space) +
                      " is not linear in Y, Cb and Cr; accepted are grayscale, YCbCr and RGB");
  }
}

dct::Plane plane_of(const std::array<uint16_t, jpeg::kBlockArea>& quantization, size_t num_rows,
                    size_t num_cols) {
  dct::Plane plane;
  plane.num_rows = num_rows;
  plane.num_cols = num_cols;
  std::copy(quantization.begin(), quantization.end(), plane.quantization.begin());
  return plane;
}

void set_subsampling(const jpeg::Sampling& own, int max_horizontal, int max_vertical, dct::Plane* plane) {
  plane->vertical = {max_vertical, own.vertical};
  plane->horizontal = {max_horizontal, own.horizontal};
}

}  // namespace

dct::Picture picture_of(const jpeg::Frame& frame, bool upright) {
  const int orientation = upright ? std::max(frame.orientation, 1) : 1;
  dct::Picture picture{frame.height, frame.width, orientation, colours_of(frame.color_space), {}};
  for (int i = 0; i < frame.num_components; ++i) {
    const jpeg::FrameComponent& component = frame.components[i];
    picture.planes.push_back(plane_of(component.quantization, component.num_rows, component.num_cols));
    set_subsampling(component.sampling, frame.max_horizontal, frame.max_vertical, &picture.planes.back());
  }
  return picture;
}

namespace {

// Components of either kind; blocks_of() says where one's blocks are.
template <typename Components, typename BlocksOf>
dct::Picture view(const jpeg::Header& header, const Components& components, bool upright,
                  BlocksOf blocks_of) {
  const int orientation = upright ? header.orientation : 1;
  dct::Picture picture{header.height, header.width, orientation, colours_of(header.color_space), {}};
  int max_horizontal = 1, max_vertical = 1;
  for (const auto& component : components) {
    max_horizontal = std::max(max_horizontal, component.sampling.horizontal);
    max_vertical = std::max(max_vertical, component.sampling.vertical);
  }
  for (const auto& component : components) {
    picture.planes.push_back(plane_of(component.quantization, component.num_rows, component.num_cols));
    picture.planes.back().blocks = blocks_of(component);
    set_subsampling(component.sampling, max_horizontal, max_vertical, &picture.planes.back());
  }
  return picture;
}

}  // namespace

dct::Picture picture_of(const jpeg::CoefficientImage& image, bool upright) {
  return view(image.header, image.planes, upright, [](const jpeg::Plane& plane) { return plane.data; });
}

dct::Picture picture_of(const jpeg::Image& image, bool upright) {
  const auto blocks_of = [](const jpeg::Component& component) { return component.coefficients.get(); };
  return view(image.header, image.components, upright, blocks_of);
}

}  // namespace fastdct::pipeline
