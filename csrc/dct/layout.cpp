#include "dct/layout.h"

#include <stdexcept>
#include <utility>

namespace fastdct::dct {
namespace {

struct Span {
  double start;
  double stop;
};

Axis make_axis(int size, Span part, int output_size, const Subsampling& subsampling, Filter filter,
               bool own_grid) {
  if (!own_grid)
    return {size, part.start, part.stop, output_size, subsampling.numerator, subsampling.divisor, filter};
  const double ratio = static_cast<double>(subsampling.numerator) / subsampling.divisor;
  const int64_t scaled = static_cast<int64_t>(size) * subsampling.divisor;
  const auto samples = static_cast<int>((scaled + subsampling.numerator - 1) / subsampling.numerator);
  return {samples, part.start / ratio, part.stop / ratio, output_size, 1, 1, filter};
}

// A file that is mirrored against the picture is read from its other end.
Span as_stored(int size, Span part, bool flipped) {
  return flipped ? Span{size - part.stop, size - part.start} : part;
}

}  // namespace

void check(const Picture& picture, const Window& window) {
  const bool transpose = orientation_of(picture.orientation).transpose;
  const int width = transpose ? picture.height : picture.width;
  const int height = transpose ? picture.width : picture.height;
  const bool inside = 0 <= window.x1 && window.x1 < window.x2 && window.x2 <= width && 0 <= window.y1 &&
                      window.y1 < window.y2 && window.y2 <= height;
  if (!inside) throw std::invalid_argument("the window is empty or does not lie inside the picture");
  const size_t num_planes = picture.colors == Colors::kGrayscale ? 1 : 3;
  if (picture.planes.size() != num_planes) throw std::invalid_argument("colours and planes do not match");
}

PlaneGeometry plane_geometry(const Picture& picture, const Plane& plane, const Window& window,
                             const Grid& grid, Filter filter, bool own_grid) {
  const Orientation orientation = orientation_of(picture.orientation);
  int height = picture.height, width = picture.width;
  Subsampling down = plane.vertical, across = plane.horizontal;
  if (orientation.transpose) {
    std::swap(height, width);
    std::swap(down, across);
  }
  PlaneGeometry geometry{};
  geometry.transpose = orientation.transpose;
  geometry.mirror_y = orientation.flip_y;
  geometry.mirror_x = orientation.flip_x != window.flip;
  const Span y = as_stored(height, {window.y1, window.y2}, orientation.flip_y);
  const Span x = as_stored(width, {window.x1, window.x2}, orientation.flip_x);
  geometry.rows = make_axis(height, y, grid.height, down, filter, own_grid);
  geometry.columns = make_axis(width, x, grid.width, across, filter, own_grid);
  if (orientation.transpose) std::swap(geometry.rows, geometry.columns);
  return geometry;
}

Destination destination_of(const TensorLayout& tensor, const PlaneGeometry& geometry) {
  const ptrdiff_t row = tensor.num_columns * tensor.column_stride(), column = tensor.column_stride();
  if (geometry.transpose)
    return {tensor.data, tensor.dtype, tensor.num_columns, tensor.num_rows, column, row, geometry.mirror_x};
  return {tensor.data, tensor.dtype, tensor.num_rows, tensor.num_columns, row, column, geometry.mirror_y};
}

Wanted wanted_frequency(int index, const PlaneGeometry& geometry) {
  Wanted wanted;
  wanted.v = index / kBlock;
  wanted.u = index % kBlock;
  const bool odd = (geometry.mirror_y && wanted.v % 2 == 1) != (geometry.mirror_x && wanted.u % 2 == 1);
  wanted.scale = odd ? -1.0f : 1.0f;
  if (geometry.transpose) std::swap(wanted.v, wanted.u);
  return wanted;
}

std::vector<Wanted> wanted_samples(int width, const PlaneGeometry& geometry) {
  std::vector<Wanted> samples;
  for (int index = 0; index < kBlock * kBlock; ++index) {
    const int y = index / kBlock, x = index % kBlock;
    Wanted wanted;
    wanted.v = geometry.mirror_y ? kBlock - 1 - y : y;
    wanted.u = geometry.mirror_x ? kBlock - 1 - x : x;
    if (geometry.transpose) std::swap(wanted.v, wanted.u);
    wanted.offset = static_cast<ptrdiff_t>(y) * width + x;
    samples.push_back(wanted);
  }
  return samples;
}

Destination sample_plane(void* plane, Dtype dtype, const Grid& grid, const PlaneGeometry& geometry) {
  const ptrdiff_t row = static_cast<ptrdiff_t>(kBlock) * grid.width, column = kBlock;
  const int rows = grid.height / kBlock, columns = grid.width / kBlock;
  if (geometry.transpose) return {plane, dtype, columns, rows, column, row, geometry.mirror_x};
  return {plane, dtype, rows, columns, row, column, geometry.mirror_y};
}

}  // namespace fastdct::dct
