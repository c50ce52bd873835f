#include "dct/full_size.h"

#include <algorithm>

#include "dct/colours.h"
#include "dct/layout.h"

namespace fastdct::dct {
namespace {

// The samples near and far of each pixel, 3/4 and 1/4 of it.
void find_samples(int num_pixels, const Subsampling& subsampling, std::vector<std::array<int, 2>>* samples) {
  Axis axis;
  axis.picture_size = num_pixels;
  axis.subsampling = subsampling.numerator;
  axis.subsampling_divisor = subsampling.divisor;
  const int num_samples = component_size(axis);
  samples->resize(static_cast<size_t>(num_pixels));
  for (int pixel = 0; pixel < num_pixels; ++pixel) {
    const PixelSamples of = samples_of_pixel(axis, num_samples, pixel);
    (*samples)[static_cast<size_t>(pixel)] = {of.near, of.far};
  }
}

uint8_t to_byte(float value) { return static_cast<uint8_t>(std::min(std::max(value, 0.0f), 255.0f) + 0.5f); }

}  // namespace

void FullSizeDecoder::run(const Picture& picture, uint8_t* rgb) {
  for (size_t i = 0; i < picture.planes.size(); ++i) {
    const Plane& plane = picture.planes[i];
    decode_samples(plane, &components_[i]);
    find_samples(picture.height, plane.vertical, &components_[i].rows);
    find_samples(picture.width, plane.horizontal, &components_[i].columns);
  }
  const Orientation orientation = orientation_of(picture.orientation);
  const ptrdiff_t width = orientation.transpose ? picture.height : picture.width;
  ptrdiff_t down = 3 * (orientation.transpose ? 1 : width), across = 3 * (orientation.transpose ? width : 1);
  const bool rows_turned = orientation.transpose ? orientation.flip_x : orientation.flip_y;
  const bool columns_turned = orientation.transpose ? orientation.flip_y : orientation.flip_x;
  if (rows_turned) {
    rgb += (picture.height - 1) * down;
    down = -down;
  }
  if (columns_turned) {
    rgb += (picture.width - 1) * across;
    across = -across;
  }
  for (int y = 0; y < picture.height; ++y) {
    for (size_t i = 0; i < picture.planes.size(); ++i) upsample_row(y, &components_[i]);
    convert_row(picture, rgb + y * down, across);
  }
}

// Resampling at scale one, to samples instead of coefficients.
void FullSizeDecoder::decode_samples(const Plane& plane, Component* component) {
  const auto height = static_cast<int>(plane.num_rows) * kBlock,
             width = static_cast<int>(plane.num_cols) * kBlock;
  component->pitch = static_cast<size_t>(width);
  uint8_t* samples = component->samples.reserve(static_cast<size_t>(height) * component->pitch);
  PlaneGeometry geometry{};
  geometry.rows = {height, 0, static_cast<double>(height), height, 1, 1, Filter::kTriangle};
  geometry.columns = {width, 0, static_cast<double>(width), width, 1, 1, Filter::kTriangle};
  plan_axis(geometry.columns, kBlock, true, true, &columns_);
  plan_axis(geometry.rows, kBlock, true, false, &rows_);
  job_ = {&columns_, &rows_, false, 1, {}};
  ComponentJob& job = job_.components[0];
  job.quantization = plane.quantization;
  job.wanted = wanted_samples(width, geometry);
  for (Wanted& wanted : job.wanted) wanted.shift = 128;
  job.destination = sample_plane(samples, Dtype::kUint8, {height, width}, geometry);
  stream_.start(kernel_for(cpu_level()), job_);
  for (size_t row = 0; row < plane.num_rows; row += 2) {
    const size_t offset = row * plane.num_cols * kBlock * kBlock, next = plane.num_cols * kBlock * kBlock;
    const bool pair = row + 1 < plane.num_rows;
    if (plane.blocks != nullptr)
      stream_.push(plane.blocks + offset, pair ? plane.blocks + offset + next : nullptr);
    else
      stream_.push(plane.float_blocks + offset, pair ? plane.float_blocks + offset + next : nullptr);
  }
}

void FullSizeDecoder::upsample_row(int y, Component* component) {
  const auto [near, far] = component->rows[static_cast<size_t>(y)];
  const uint8_t* upper = component->samples.data() + static_cast<size_t>(near) * component->pitch;
  const uint8_t* lower = component->samples.data() + static_cast<size_t>(far) * component->pitch;
  const auto blend = [=](int column) { return 3 * upper[column] + lower[column]; };
  component->upsampled.resize(component->columns.size());
  int* to = component->upsampled.data();
  for (const auto& [left, right] : component->columns) *to++ = 3 * blend(left) + blend(right);
}

void FullSizeDecoder::convert_row(const Picture& picture, uint8_t* to, ptrdiff_t step) {
  constexpr float kUnit = 1.0f / 16;
  const bool gray = picture.colors == Colors::kGrayscale;
  const int* first = components_[0].upsampled.data();
  const int* second = components_[gray ? 0 : 1].upsampled.data();
  const int* third = components_[gray ? 0 : 2].upsampled.data();
  const bool mixed = picture.colors == Colors::kYCbCr;
  for (int x = 0; x < picture.width; ++x, to += step) {
    float colours[3] = {kUnit * first[x], kUnit * second[x], kUnit * third[x]};
    if (mixed) {
      const float y = colours[0], cb = colours[1] - 128, cr = colours[2] - 128;
      colours[0] = y + kRedOfCr * cr;
      colours[1] = y - kGreenOfCb * cb - kGreenOfCr * cr;
      colours[2] = y + kBlueOfCb * cb;
    }
    for (int c = 0; c < 3; ++c) to[c] = to_byte(colours[c]);
  }
}

}  // namespace fastdct::dct
