// The resampling core by itself, meant to be built with sanitizers: planes and tensors are exactly as large
// as they must be, and every level of instruction sets must give the same numbers. Prints what failed.
#include <cstring>
#include <stdexcept>

#include "dct/from_pixels.h"
#include "dct_cases.h"

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
