// Pictures, windows and assemblies drawn at random, for tests of the resampling.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "check.h"
#include "dct/resampler.h"

namespace d = fastdct::dct;

using Random = std::mt19937;

inline int draw(Random* random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(*random);
}

inline double draw(Random* random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(*random);
}

// A picture that owns its blocks, in memory of exactly their size.
struct Case {
  d::Picture picture;
  d::Window window;
  d::Assembly assembly;
  int sampling[3][2] = {};  // horizontal and vertical factors
  std::vector<std::unique_ptr<int16_t[]>> blocks;
};

inline void draw_sampling(Random* random, int num_planes, Case* test) {
  static const int kFactors[] = {1, 1, 1, 2, 2, 3, 4};
  const bool alike = draw(random, 0, 3) == 0;
  for (int i = 0; i < num_planes; ++i)
    for (int k = 0; k < 2; ++k)
      test->sampling[i][k] = alike && i > 0 ? test->sampling[0][k] : kFactors[draw(random, 0, 6)];
}

inline void add_plane(Random* random, int index, Case* test) {
  const auto largest = [&](int k) {
    return std::max({test->sampling[0][k], test->sampling[1][k], test->sampling[2][k]});
  };
  d::Plane plane;
  plane.horizontal = {largest(0), test->sampling[index][0]};
  plane.vertical = {largest(1), test->sampling[index][1]};
  plane.num_rows = num_blocks(test->picture.height, plane.vertical);
  plane.num_cols = num_blocks(test->picture.width, plane.horizontal);
  const size_t size = plane.num_rows * plane.num_cols * 64;
  test->blocks.push_back(std::make_unique<int16_t[]>(size));
  for (size_t i = 0; i < size; ++i)
    test->blocks.back()[i] = static_cast<int16_t>(draw(random, -100, 100) / (1 + static_cast<int>(i % 64)));
  plane.blocks = test->blocks.back().get();
  for (float& step : plane.quantization) step = static_cast<float>(draw(random, 1, 40));
  test->picture.planes.push_back(plane);
}

inline void draw_assembly(Random* random, d::Assembly* assembly) {
  assembly->output = draw(random, 0, 3) == 0 ? d::Output::kRgb : d::Output::kCoefficients;
  assembly->grid = {8 * draw(random, 1, 20), 8 * draw(random, 1, 20)};
  if (assembly->output == d::Output::kCoefficients && draw(random, 0, 2) == 0)
    assembly->chroma_grid = {8 * draw(random, 1, 10), 8 * draw(random, 1, 10)};
  for (auto& indices : assembly->frequencies) {
    const int count = draw(random, 0, 64), step = 2 * draw(random, 0, 31) + 1;  // odd: no index comes twice
    for (int i = 0; i < count; ++i) indices.push_back(static_cast<uint8_t>(i * step % 64));
  }
  assembly->frequencies[0].resize(std::max<size_t>(assembly->frequencies[0].size(), 1));
  const size_t channels =
      assembly->output == d::Output::kRgb
          ? 3
          : assembly->num_channels(0) + assembly->num_channels(1) + assembly->num_channels(2);
  assembly->scale.assign(channels, 0.5f);
  assembly->shift.assign(channels, 0.25f);
  assembly->filter = static_cast<d::Filter>(draw(random, 0, 3));
  assembly->channels_last = draw(random, 0, 1) == 1;
}

inline Case draw_case(Random* random) {
  Case test;
  const int colors = draw(random, 0, 9), num_planes = colors == 0 ? 1 : 3;
  test.picture.colors = colors == 0   ? d::Colors::kGrayscale
                        : colors == 1 ? d::Colors::kRgb
                                      : d::Colors::kYCbCr;
  test.picture.height = draw(random, 1, 300);
  test.picture.width = draw(random, 1, 300);
  test.picture.orientation = draw(random, 1, 8);
  draw_sampling(random, num_planes, &test);
  for (int i = 0; i < num_planes; ++i) add_plane(random, i, &test);
  const bool turned = test.picture.orientation >= 5;
  const double width = turned ? test.picture.height : test.picture.width;
  const double height = turned ? test.picture.width : test.picture.height;
  d::Window& window = test.window;
  window.x1 = draw(random, 0.0, 0.95 * width);
  window.y1 = draw(random, 0.0, 0.95 * height);
  window.x2 = draw(random, 0, 2) == 0 ? width : draw(random, window.x1 + 0.01 * width, width);
  window.y2 = draw(random, 0, 2) == 0 ? height : draw(random, window.y1 + 0.01 * height, height);
  window.flip = draw(random, 0, 1) == 1;
  draw_assembly(random, &test.assembly);
  return test;
}

inline std::vector<float> floats(size_t bytes) { return std::vector<float>(bytes / sizeof(float), NAN); }

// The tensor and the chroma behind it, as the CPU makes them at a level of instruction sets.
inline std::vector<float> run(d::Resampler* resampler, const Case& test, const char* level) {
  setenv("FASTDCT_CPU", level, 1);
  std::vector<float> tensor = floats(test.assembly.tensor_bytes()),
                     chroma = floats(test.assembly.chroma_bytes());
  resampler->run(test.assembly, test.picture, test.window, {tensor.data(), chroma.data()});
  tensor.insert(tensor.end(), chroma.begin(), chroma.end());
  return tensor;
}

inline float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = std::isnan(difference) ? INFINITY : difference;
  }
  return largest;
}
