#include "dct/taps.h"

#include <algorithm>
#include <cmath>

namespace fastdct::dct {
namespace {

void resize(int num_outputs, int stride, Taps* taps) {
  taps->rising = false;
  taps->stride = stride;
  taps->first.resize(num_outputs);
  taps->count.resize(num_outputs);
  taps->weights.assign(static_cast<size_t>(num_outputs) * stride, 0.0f);
}

// Every filter at every scale: the plain way.
void filter_axis(const Axis& axis, const Reach& reach, Taps* taps) {
  resize(axis.output_size, max_samples(axis, reach.max_pixels()), taps);
  std::vector<double> weights;  // of an output's pixels
  for (int output = 0; output < axis.output_size; ++output) {
    const Range pixels = pixels_of(axis, reach, output);
    weights.clear();
    for (int pixel = pixels.begin; pixel < pixels.end; ++pixel)
      weights.push_back(pixel_weight(axis, reach, output, pixel));
    const auto weight = [&](int pixel) { return weights[static_cast<size_t>(pixel - pixels.begin)]; };
    float* to = &taps->weights[static_cast<size_t>(output) * taps->stride];
    const Range samples = write_weights(axis, pixels, weight, to);
    taps->first[output] = samples.begin;
    taps->count[output] = samples.size();
  }
}

// The triangle when enlarging reads two neighbouring pixels, and what is cut off at an edge of the window
// goes to the pixel inside: linear interpolation at a position clamped to the window's pixel centres. In
// closed form, and in loops that compilers turn into vectors, this takes 0.6 us for 448 outputs, filter_axis
// 16; random windows are never seen twice. Output is (1 - right) * pixel + right * next pixel.
void interpolate(const Axis& axis, const Reach& reach, int32_t* pixels, float* rights) {
  const double start = axis.start, scale = reach.scale, low = reach.pixels.begin, high = reach.pixels.end - 1;
  const int last = reach.pixels.end - 2;
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
  const bool halved = is_interpolated(axis);
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
  const bool smooth = is_full(axis) || is_interpolated(axis);
  const bool enlarging = axis.filter == Filter::kTriangle && reach.scale <= 1 && reach.pixels.size() >= 2;
  if (enlarging && smooth) return interpolate_axis(axis, reach, taps);
  filter_axis(axis, reach, taps);
}

}  // namespace fastdct::dct
