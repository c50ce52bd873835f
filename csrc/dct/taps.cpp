#include "dct/taps.h"

#include <algorithm>
#include <cmath>

namespace fastdct::dct {
namespace {

// The part of an axis that an output may read, and how output positions map to it.
struct Reach {
  explicit Reach(const Axis& axis)
      : scale((axis.stop - axis.start) / axis.output_size),
        stretch(std::max(scale, 1.0)),
        low(static_cast<int>(std::floor(axis.start))),
        high(std::min(static_cast<int>(std::ceil(axis.stop)), axis.picture_size)) {}
  double centre(double start, int output) const { return start + (output + 0.5) * scale; }

  double scale;    // pixels to an output sample
  double stretch;  // the filter's unit, in pixels: it widens when shrinking, against aliasing
  int low, high;   // pixels [low, high) may be read: the window and the picture
};

// Weights of the pixels first, first + 1, ... of one output, before they are normalised.
struct Pixels {
  int first = 0;
  std::vector<double> weights;
};

void filter_pixels(const Axis& axis, const Reach& reach, int output, Pixels* pixels) {
  const double centre = reach.centre(axis.start, output);
  const double support = filter_support(axis.filter) * reach.stretch;
  const auto first = static_cast<int>(std::floor(centre - support + 0.5));
  const int width = static_cast<int>(std::ceil(2 * support)) + 1;
  pixels->first = std::clamp(first, reach.low, reach.high - 1);
  const int last = std::min(pixels->first + width, reach.high);
  pixels->weights.clear();
  for (int pixel = pixels->first; pixel < last; ++pixel)
    pixels->weights.push_back(filter_value(axis.filter, (pixel + 0.5 - centre) / reach.stretch));
}

// Adds the samples of the component that make a pixel, with the share of each. As libjpeg: a component of
// half the size is interpolated with the triangle 3/4, 1/4 and repeated at its ends; other ratios repeat
// samples.
template <typename Add>
void upsample(const Axis& axis, int component_size, int pixel, Add add) {
  const int64_t doubled = (2 * static_cast<int64_t>(pixel) + 1) * axis.subsampling_divisor;
  const int near = std::min(static_cast<int>(doubled / (2 * axis.subsampling)), component_size - 1);
  if (axis.subsampling != 2 * axis.subsampling_divisor) return add(near, 1.0);
  const int far = std::clamp(near + (pixel % 2 == 1 ? 1 : -1), 0, component_size - 1);
  add(near, 0.75);
  add(far, 0.25);
}

int component_size(const Axis& axis) {
  const int64_t scaled = static_cast<int64_t>(axis.picture_size) * axis.subsampling_divisor;
  return static_cast<int>((scaled + axis.subsampling - 1) / axis.subsampling);
}

// Stores one output's weights over samples [lowest, lowest + sum.size()), trimmed and normalised.
void store(int output, int lowest, const std::vector<double>& sums, Taps* taps) {
  size_t begin = 0, end = sums.size();
  double total = 0;
  for (const double weight : sums) total += weight;
  while (end > 1 && sums[end - 1] == 0) --end;
  while (begin + 1 < end && sums[begin] == 0) ++begin;
  taps->first[output] = lowest + static_cast<int>(begin);
  taps->count[output] = static_cast<int>(end - begin);
  float* weights = &taps->weights[static_cast<size_t>(output) * taps->stride];
  for (size_t k = begin; k < end; ++k) *weights++ = static_cast<float>(sums[k] / total);
}

void resize(int num_outputs, int stride, Taps* taps) {
  taps->rising = false;
  taps->stride = stride;
  taps->first.resize(num_outputs);
  taps->count.resize(num_outputs);
  taps->weights.assign(static_cast<size_t>(num_outputs) * stride, 0.0f);
}

// Every filter at every scale: the plain way.
void filter_axis(const Axis& axis, const Reach& reach, Taps* taps) {
  const double support = filter_support(axis.filter) * reach.stretch;
  const int samples = component_size(axis);
  // Pixels to an output, as samples, and one more at each end for the upsampling.
  resize(axis.output_size, static_cast<int>(std::ceil(2 * support)) + 3, taps);
  Pixels pixels;
  std::vector<double> sums;
  for (int output = 0; output < axis.output_size; ++output) {
    filter_pixels(axis, reach, output, &pixels);
    int lowest = samples;
    upsample(axis, samples, pixels.first, [&](int sample, double) { lowest = std::min(lowest, sample); });
    sums.assign(taps->stride, 0.0);
    for (size_t k = 0; k < pixels.weights.size(); ++k)
      upsample(axis, samples, pixels.first + static_cast<int>(k),
               [&](int sample, double share) { sums[sample - lowest] += share * pixels.weights[k]; });
    store(output, lowest, sums, taps);
  }
}

// The triangle when enlarging reads two neighbouring pixels, and what is cut off at an edge of the window
// goes to the pixel inside: linear interpolation at a position clamped to the window's pixel centres. In
// closed form, and in loops that compilers turn into vectors, this takes 0.6 us for 448 outputs, filter_axis
// 16; random windows are never seen twice. Output is (1 - right) * pixel + right * next pixel.
void interpolate(const Axis& axis, const Reach& reach, int32_t* pixels, float* rights) {
  const double start = axis.start, scale = reach.scale, low = reach.low, high = reach.high - 1;
  const int last = reach.high - 2;
  for (int output = 0; output < axis.output_size; ++output) {
    double position = start + (output + 0.5) * scale - 0.5;
    position = position > low ? position : low;
    position = position < high ? position : high;
    const auto before = static_cast<int>(position);
    const int pixel = before < last ? before : last;
    pixels[output] = pixel;
    rights[output] = static_cast<float>(position - pixel);
  }
}

void interpolate_pixels(const std::vector<float>& rights, Taps* taps) {
  std::fill(taps->count.begin(), taps->count.end(), 2);
  float* weights = taps->weights.data();
  for (size_t i = 0; i < rights.size(); ++i) {
    weights[2 * i] = 1 - rights[i];
    weights[2 * i + 1] = rights[i];
  }
}

// Between pixels 2k and 2k + 1, that is 1/4 s[k - 1] + 3/4 s[k] and 3/4 s[k] + 1/4 s[k + 1], three samples
// are read; between 2k + 1 and 2k + 2, 3/4 s[k] + 1/4 s[k + 1] and 1/4 s[k] + 3/4 s[k + 1], two.
void interpolate_halved(const std::vector<float>& rights, Taps* taps) {
  int32_t *first = taps->first.data(), *count = taps->count.data();
  float* weights = taps->weights.data();
  for (size_t i = 0; i < rights.size(); ++i) {
    const float right = rights[i], left = 1 - right;
    const int pixel = first[i], odd = pixel & 1;
    const float is_odd = static_cast<float>(odd), is_even = 1 - is_odd;
    weights[3 * i] = 0.25f * left + is_odd * 0.5f * left + is_odd * 0.25f * right;
    weights[3 * i + 1] = 0.25f * left + 0.75f * right + is_even * (0.5f * left);
    weights[3 * i + 2] = is_even * 0.25f * right;
    first[i] = pixel / 2 - 1 + odd;
    count[i] = 3 - odd;
  }
}

// Samples before the first and after the last one repeat these. Only outputs at the ends of the picture reach
// there.
void fold_ends(int last_sample, Taps* taps) {
  const auto fold = [&](size_t i) {
    float* weights = &taps->weights[i * taps->stride];
    int &first = taps->first[i], &count = taps->count[i];
    for (; first < 0; ++first, --count) {
      weights[0] += weights[1];
      for (int t = 1; t + 1 < taps->stride; ++t) weights[t] = weights[t + 1];
      weights[taps->stride - 1] = 0;
    }
    for (; first + count - 1 > last_sample; --count) {
      weights[count - 2] += weights[count - 1];
      weights[count - 1] = 0;
    }
  };
  const size_t size = taps->first.size();
  for (size_t i = 0; i < size && taps->first[i] < 0; ++i) fold(i);
  for (size_t i = size; i-- > 0 && taps->first[i] + taps->count[i] - 1 > last_sample;) fold(i);
}

// What has no weight at an end of an output is not asked for; whether there was any.
bool trim(size_t output, Taps* taps) {
  float* weights = &taps->weights[output * taps->stride];
  int &first = taps->first[output], &count = taps->count[output];
  const int before = count;
  while (count > 1 && weights[count - 1] == 0) --count;
  for (; count > 1 && weights[0] == 0; --count, ++first) {
    std::copy(weights + 1, weights + count, weights);
    weights[count - 1] = 0;
  }
  return count < before;
}

// Positions at an end are clamped and fall on a pixel, and others hardly ever do: the rest is looked at one
// by one only if there is a zero too many. An output has one for each tap that it lacks.
void trim(Taps* taps) {
  const size_t size = taps->first.size();
  for (size_t i = 0; i < size && trim(i, taps); ++i) continue;
  for (size_t i = size; i-- > 0 && trim(i, taps);) continue;
  auto lacking = static_cast<int>(taps->weights.size()), zeros = 0;
  for (const int32_t count : taps->count) lacking -= count;
  for (const float weight : taps->weights) zeros += weight == 0 ? 1 : 0;
  if (zeros == lacking) return;
  for (size_t i = 0; i < size; ++i) trim(i, taps);
}

// Positions rise with the outputs, and so do the samples read.
void interpolate_axis(const Axis& axis, const Reach& reach, Taps* taps) {
  thread_local std::vector<float> rights;
  const bool halved = axis.subsampling != axis.subsampling_divisor;
  resize(axis.output_size, halved ? 3 : 2, taps);
  rights.resize(static_cast<size_t>(axis.output_size));
  interpolate(axis, reach, taps->first.data(), rights.data());
  if (halved)
    interpolate_halved(rights, taps);
  else
    interpolate_pixels(rights, taps);
  fold_ends(component_size(axis) - 1, taps);
  trim(taps);
  taps->rising = true;
}

}  // namespace

bool Axis::operator==(const Axis& other) const {
  return picture_size == other.picture_size && start == other.start && stop == other.stop &&
         output_size == other.output_size && subsampling == other.subsampling &&
         subsampling_divisor == other.subsampling_divisor && filter == other.filter;
}

void make_taps(const Axis& axis, Taps* taps) {
  const Reach reach(axis);
  const bool smooth =
      axis.subsampling == axis.subsampling_divisor || axis.subsampling == 2 * axis.subsampling_divisor;
  const bool enlarging = axis.filter == Filter::kTriangle && reach.scale <= 1 && reach.high - reach.low >= 2;
  if (enlarging && smooth) return interpolate_axis(axis, reach, taps);
  filter_axis(axis, reach, taps);
}

}  // namespace fastdct::dct
