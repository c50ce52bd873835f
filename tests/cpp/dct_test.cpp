// The resampling core by itself, meant to be built with sanitizers: planes and tensors are exactly as large
// as they must be, and every level of instruction sets must give the same numbers. Prints what failed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "dct/from_pixels.h"
#include "dct/resampler.h"

namespace d = fastdct::dct;

static int failures = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                 \
    }                                                             \
  } while (false)

using Random = std::mt19937;

static int draw(Random* random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(*random);
}

static double draw(Random* random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(*random);
}

// A picture that owns its blocks, in memory of exactly their size.
struct Case {
  d::Picture picture;
  d::Window window;
  d::Assembly assembly;
  std::vector<std::unique_ptr<int16_t[]>> blocks;
};

static size_t num_blocks(int size, const d::Subsampling& subsampling) {
  const int samples = (size * subsampling.divisor + subsampling.numerator - 1) / subsampling.numerator;
  return static_cast<size_t>((samples + 7) / 8);
}

static void add_plane(Random* random, Case* test) {
  static const d::Subsampling kRatios[] = {{1, 1}, {1, 1}, {2, 1}, {2, 1}, {4, 1}, {3, 1}, {3, 2}};
  d::Plane plane;
  plane.vertical = kRatios[draw(random, 0, 6)];
  plane.horizontal = kRatios[draw(random, 0, 6)];
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

static void draw_assembly(Random* random, d::Assembly* assembly) {
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

static Case draw_case(Random* random) {
  Case test;
  const int colors = draw(random, 0, 9);
  test.picture.colors = colors == 0   ? d::Colors::kGrayscale
                        : colors == 1 ? d::Colors::kRgb
                                      : d::Colors::kYCbCr;
  test.picture.height = draw(random, 1, 300);
  test.picture.width = draw(random, 1, 300);
  test.picture.orientation = draw(random, 1, 8);
  for (int i = 0; i < (colors == 0 ? 1 : 3); ++i) add_plane(random, &test);
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

static std::vector<float> run(d::Resampler* resampler, const Case& test, const char* level) {
  setenv("FASTDCT_CPU", level, 1);
  const auto floats = [](size_t bytes) { return std::vector<float>(bytes / sizeof(float), NAN); };
  std::vector<float> tensor = floats(test.assembly.tensor_bytes()),
                     chroma = floats(test.assembly.chroma_bytes());
  resampler->run(test.assembly, test.picture, test.window, {tensor.data(), chroma.data()});
  tensor.insert(tensor.end(), chroma.begin(), chroma.end());
  return tensor;
}

static float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = std::isnan(difference) ? INFINITY : difference;
  }
  return largest;
}

static void test_levels_agree(int num_cases) {
  Random random(1);
  d::Resampler resampler;  // one for all: scratch memory is left as the case before had it
  for (int i = 0; i < num_cases; ++i) {
    const Case test = draw_case(&random);
    const std::vector<float> portable = run(&resampler, test, "portable");
    const float difference = std::max(largest_difference(portable, run(&resampler, test, "avx2")),
                                      largest_difference(portable, run(&resampler, test, "avx512")));
    CHECK(difference <= 100 * 40 * 64 * 1e-6f);
  }
}

// Elements of two bytes and one, into memory of exactly their size.
static void test_narrow_types(int num_cases) {
  Random random(2);
  d::Resampler resampler;
  for (int i = 0; i < num_cases; ++i) {
    Case test = draw_case(&random);
    const bool rgb = test.assembly.output == d::Output::kRgb;
    test.assembly.dtype = static_cast<d::Dtype>(rgb ? 4 : draw(&random, 1, 3));
    const size_t size = test.assembly.tensor_bytes();
    const std::unique_ptr<char[]> tensor(new char[size]), chroma(new char[test.assembly.chroma_bytes()]);
    for (const char* level : {"portable", "avx2", "avx512"}) {
      setenv("FASTDCT_CPU", level, 1);
      resampler.run(test.assembly, test.picture, test.window, {tensor.get(), chroma.get()});
    }
  }
}

static void test_windows_are_checked() {
  Random random(3);
  Case test = draw_case(&random);
  std::vector<char> tensor(test.assembly.tensor_bytes()), chroma(test.assembly.chroma_bytes());
  for (const d::Window& bad : {d::Window{-1, 0, 1, 1, false}, d::Window{0, 0, 0, 1, false},
                               d::Window{0, 0, 1, 1e9, false}, d::Window{0, NAN, 1, 1, false}}) {
    bool caught = false;
    try {
      d::Resampler().run(test.assembly, test.picture, bad, {tensor.data(), chroma.data()});
    } catch (const std::invalid_argument&) {
      caught = true;
    }
    CHECK(caught);
  }
}

// Pixels and blocks in memory of exactly their size.
static void test_pixels(int num_cases) {
  Random random(4);
  for (int i = 0; i < num_cases; ++i) {
    const int height = draw(&random, 1, 40), width = draw(&random, 1, 70);
    std::vector<uint8_t> rgb(static_cast<size_t>(3 * height * width));
    for (uint8_t& value : rgb) value = static_cast<uint8_t>(draw(&random, 0, 255));
    std::vector<float> expected, blocks(static_cast<size_t>(3 * ((height + 7) / 8) * ((width + 7) / 8) * 64));
    for (const char* level : {"portable", "avx2", "avx512"}) {
      setenv("FASTDCT_CPU", level, 1);
      d::coefficients_of(rgb.data(), height, width, blocks.data());
      if (expected.empty()) expected = blocks;
      CHECK(largest_difference(expected, blocks) <= 1e-3f);
    }
  }
}

int main(int argc, char** argv) {
  const int num_cases = argc > 1 ? std::atoi(argv[1]) : 200;
  test_levels_agree(num_cases);
  test_narrow_types(num_cases / 2);
  test_windows_are_checked();
  test_pixels(num_cases / 4);
  return failures == 0 ? 0 : 1;
}
