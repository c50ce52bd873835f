// One axis of a window: which samples of a component make each sample of the output, and with what weights.
// The definition in words and numpy is fastdct/reference/axis.py.
#pragma once
#include <cmath>
#include <cstdint>

#include "common/host_device.h"
#include "dct/filter.h"

namespace fastdct::dct {

// Along one axis as stored in the file, from its first sample on: mirroring is left to whoever stores
// results.
struct Axis {
  int picture_size = 0;  // pixels
  double start = 0;      // window [start, stop) in pixels
  double stop = 0;
  int output_size = 0;  // samples, a multiple of 8
  int subsampling = 1;  // pixels to a sample of the component: subsampling / subsampling_divisor >= 1
  int subsampling_divisor = 1;
  Filter filter = Filter::kTriangle;

  bool operator==(const Axis& other) const;
};

struct Range {
  int begin;
  int end;  // one past the last
  FASTDCT_HD int size() const { return end - begin; }
};

FASTDCT_HD int smaller(int a, int b) { return a < b ? a : b; }
FASTDCT_HD int larger(int a, int b) { return a > b ? a : b; }
FASTDCT_HD Range common_part(Range a, Range b) { return {larger(a.begin, b.begin), smaller(a.end, b.end)}; }

// Whether a sample is a pixel; asked first because divisions are slow.
FASTDCT_HD bool is_full(const Axis& axis) { return axis.subsampling == axis.subsampling_divisor; }

FASTDCT_HD int component_size(const Axis& axis) {
  if (is_full(axis)) return axis.picture_size;
  const int64_t scaled = static_cast<int64_t>(axis.picture_size) * axis.subsampling_divisor;
  return static_cast<int>((scaled + axis.subsampling - 1) / axis.subsampling);
}

// The part of an axis that an output may read, and how output positions map to it.
struct Reach {
  FASTDCT_HD explicit Reach(const Axis& axis)
      : scale((axis.stop - axis.start) / axis.output_size),
        stretch(scale > 1 ? scale : 1),
        support(filter_support(axis.filter) * stretch),
        pixels{static_cast<int>(std::floor(axis.start)),
               smaller(static_cast<int>(std::ceil(axis.stop)), axis.picture_size)} {}
  FASTDCT_HD int max_pixels() const { return static_cast<int>(std::ceil(2 * support)) + 1; }

  double scale;    // pixels to an output sample
  double stretch;  // the filter's unit, in pixels: it widens when shrinking, against aliasing
  double support;  // pixels to each side of an output's centre
  Range pixels;    // that may be read: the window and the picture
};

FASTDCT_HD double centre_of(const Axis& axis, const Reach& reach, int output) {
  return axis.start + (output + 0.5) * reach.scale;
}

FASTDCT_HD Range pixels_of(const Axis& axis, const Reach& reach, int output) {
  const auto first = static_cast<int>(std::floor(centre_of(axis, reach, output) - reach.support + 0.5));
  const int begin = smaller(larger(first, reach.pixels.begin), reach.pixels.end - 1);
  return {begin, smaller(begin + reach.max_pixels(), reach.pixels.end)};
}

// Before it is normalised.
FASTDCT_HD double pixel_weight(const Axis& axis, const Reach& reach, int output, int pixel) {
  return filter_value(axis.filter, (pixel + 0.5 - centre_of(axis, reach, output)) / reach.stretch);
}

// As libjpeg: a component of half the size is interpolated with the triangle 3/4, 1/4 and repeated at its
// ends; other ratios repeat samples.
FASTDCT_HD bool is_interpolated(const Axis& axis) { return axis.subsampling == 2 * axis.subsampling_divisor; }

// The samples that make a pixel.
struct PixelSamples {
  int near;  // 3/4 if interpolated, else all
  int far;   // 1/4
};

FASTDCT_HD PixelSamples samples_of_pixel(const Axis& axis, int num_samples, int pixel) {
  const int last = num_samples - 1;
  if (is_full(axis)) return {pixel, pixel};
  if (is_interpolated(axis)) {
    const int near = pixel / 2, far = near + (pixel % 2 == 1 ? 1 : -1);
    return {near, smaller(larger(far, 0), last)};
  }
  const int64_t doubled = (2 * static_cast<int64_t>(pixel) + 1) * axis.subsampling_divisor;
  const int near = smaller(static_cast<int>(doubled / (2 * axis.subsampling)), last);
  return {near, near};
}

// The pixels that a sample has a share in.
FASTDCT_HD Range pixels_of_sample(const Axis& axis, int sample) {
  if (is_full(axis)) return {sample, sample + 1};
  if (is_interpolated(axis)) return {2 * sample - 1, 2 * sample + 3};
  const auto first = [&](int64_t at) {  // pixel nearest to sample `at` or later: (2 p + 1) / 2 >= at * ratio
    return static_cast<int>((2 * axis.subsampling * at + axis.subsampling_divisor - 1) /
                            (2 * axis.subsampling_divisor));
  };
  return {first(sample), first(sample + int64_t{1})};
}

// Of a sample in one of its pixels. The first and the last pixel lie beyond the outermost samples, which are
// repeated there.
FASTDCT_HD double share(const Axis& axis, int num_samples, int pixel, int sample) {
  if (!is_interpolated(axis) || pixel == 0 || pixel == 2 * num_samples - 1) return 1;
  return pixel / 2 == sample ? 0.75 : 0.25;
}

// All that an output may read; both ends rise with the output. Some may have no weight.
FASTDCT_HD Range samples_of(const Axis& axis, Range pixels) {
  const int num_samples = component_size(axis);
  const PixelSamples first = samples_of_pixel(axis, num_samples, pixels.begin);
  const PixelSamples last = samples_of_pixel(axis, num_samples, pixels.end - 1);
  return {smaller(first.near, first.far), larger(last.near, last.far) + 1};
}

// So many neighbouring pixels are made of at most so many samples.
FASTDCT_HD int max_samples(const Axis& axis, int num_pixels) {
  if (is_full(axis)) return num_pixels;
  if (is_interpolated(axis)) return num_pixels / 2 + 2;
  const int64_t steps = static_cast<int64_t>(num_pixels - 1) * axis.subsampling_divisor / axis.subsampling;
  return static_cast<int>(steps) + 2;
}

// Writes the weights of one output for the samples that it returns, neither the first nor the last of which
// is zero. `weight` gives those of its pixels, before they are normalised.
template <class Weight>
FASTDCT_HD Range write_weights(const Axis& axis, Range pixels, const Weight& weight, float* weights) {
  const int num_samples = component_size(axis);
  const auto sum = [&](int sample) {
    const Range own = common_part(pixels_of_sample(axis, sample), pixels);
    double result = 0;
    for (int pixel = own.begin; pixel < own.end; ++pixel)
      result += share(axis, num_samples, pixel, sample) * weight(pixel);
    return result;
  };
  double total = 0;
  for (int pixel = pixels.begin; pixel < pixels.end; ++pixel) total += weight(pixel);
  Range samples = samples_of(axis, pixels);
  while (samples.size() > 1 && sum(samples.end - 1) == 0) --samples.end;
  while (samples.size() > 1 && sum(samples.begin) == 0) ++samples.begin;
  for (int sample = samples.begin; sample < samples.end; ++sample)
    *weights++ = static_cast<float>(sum(sample) / total);
  return samples;
}

}  // namespace fastdct::dct
