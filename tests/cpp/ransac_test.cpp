// The RANSAC core by itself, meant to be built with sanitizers: what Python cannot reach. Prints what failed.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <set>
#include <vector>

#include "ransac/loop.h"
#include "ransac/ransac.h"
#include "ransac/sample.h"

namespace r = fastdct::ransac;

static int failures = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                 \
    }                                                             \
  } while (false)

// Known answers of Random123 (kat_vectors, philox4x32 10).
static void test_philox_known_answers() {
  struct Case {
    r::Words counter;
    std::uint64_t key;
    r::Words expected;
  };
  const Case cases[] = {
      {{{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       0xffffffffffffffff,
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       0x299f31d0a4093822,
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const Case& c : cases) {
    const r::Words got = r::philox4x32_10(c.counter, c.key);
    for (int i = 0; i < 4; ++i) CHECK(got.word[i] == c.expected.word[i]);
  }
}

// All 60 ordered triples of five come, about equally often: chi-squared with 59 degrees of freedom
// exceeds 98.3 once in a thousand seeds, and this seed is fixed.
static void test_triples_are_uniform() {
  const int draws = 60000;
  std::vector<int> seen(125);
  for (std::uint32_t h = 0; h < draws; ++h) {
    const r::Triple t = r::draw_triple(1, h, 5);
    for (const std::int32_t i : t.index) CHECK(i >= 0 && i < 5);
    ++seen[25 * t.index[0] + 5 * t.index[1] + t.index[2]];
  }
  double chi_squared = 0;
  int triples = 0;
  for (const int count : seen) {
    triples += count > 0;
    if (count > 0) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  CHECK(triples == 60);
  CHECK(chi_squared < 98.3);
  const std::int32_t largest = std::numeric_limits<std::int32_t>::max();
  for (std::uint32_t h = 0; h < 1000; ++h) {
    const r::Triple t = r::draw_triple(~std::uint64_t{0}, ~h, largest);
    CHECK((std::set<std::int32_t>(t.index, t.index + 3).size() == 3));
    for (const std::int32_t i : t.index) CHECK(i >= 0 && i < largest);
  }
}

// Finds a model only at one iteration, and says what a sample's probability is: the loop's count is then
// known.
struct MockEstimator {
  using Model = std::uint32_t;
  std::uint32_t found_at;
  double probability;

  bool hypothesis(std::uint32_t index, Model* model) const {
    *model = index;
    return index >= found_at;
  }
  r::Support support(const Model& model) const { return {model == found_at ? 10 : 5, 7}; }
  void optimise(r::Fit<Model>* fit) const { fit->support.score += 1; }
  double sample_probability(std::int32_t num_inliers) const { return num_inliers == 7 ? probability : 0; }
};

static void test_loop_stops_as_told() {
  struct Case {
    std::uint32_t found_at;
    double probability, confidence;
    std::int32_t expected;
  };
  const Case cases[] = {
      {0, 1.0, 0.99, 1},       // certain: one draw
      {0, 0.5, 0.9, 4},        // 1 - 2^-4 = .9375, 1 - 2^-3 = .875
      {0, 0.001, 0.99, 1000},  // 4603 draws, cut at the limit
      {0, 0.1, 0.99, 44},      // ln .01 / ln .9 = 43.7
      {500, 0.1, 0.99, 501},   // found late: enough has been drawn
      {0, 0.0, 0.99, 1000},    // never to be drawn again
      {0, 0.5, 1.0, 1000},     // certainty takes for ever
      {2000, 0.5, 0.9, 1000},  // never found
  };
  for (const Case& c : cases) {
    const auto fit = r::search(MockEstimator{c.found_at, c.probability}, r::Budget{1000, c.confidence});
    CHECK(fit.num_iterations == c.expected);
    CHECK(fit.support.score == (c.found_at < 1000 ? 11 : 0));
    if (c.found_at < 1000) CHECK(fit.model == c.found_at);
  }
  CHECK(r::triple_probability(2, 10) == 0);
  CHECK(r::triple_probability(10, 10) == 1);
  CHECK(std::fabs(r::triple_probability(5, 10) - 10.0 / 120.0) < 1e-15);
}

struct Output {
  std::vector<std::int32_t> num_inliers, num_one_to_one, num_iterations;
  std::vector<double> score, model;
  std::vector<std::uint8_t> mask;
};

static Output verify(const std::vector<double>& source, const std::vector<double>& target,
                     const std::vector<std::int64_t>& offsets, int num_threads) {
  const std::size_t pairs = offsets.size() - 1, matches = source.size() / 2;
  Output out{std::vector<std::int32_t>(pairs), std::vector<std::int32_t>(pairs),
             std::vector<std::int32_t>(pairs), std::vector<double>(pairs),
             std::vector<double>(6 * pairs),   std::vector<std::uint8_t>(matches, 9)};
  const std::vector<double> max_error(pairs, 5.0);
  const double infinity = std::numeric_limits<double>::infinity();
  r::ransac_affine(
      {source.data(), target.data(), offsets.data(), max_error.data(), static_cast<std::int64_t>(pairs)},
      {{0, infinity, infinity, true}, {200, 0.99}, 3}, num_threads,
      {out.num_inliers.data(), out.num_one_to_one.data(), out.score.data(), out.model.data(), out.mask.data(),
       out.num_iterations.data()});
  return out;
}

// Pairs of 0 to 30 matches, every third true; NaN, infinity and 1e300 among the outliers of every fifth pair.
static void test_hostile_batch_is_bounded_and_reproducible() {
  const double bad[] = {std::nan(""), std::numeric_limits<double>::infinity(), -1e300, 1e-300};
  std::vector<double> source, target;
  std::vector<std::int64_t> offsets{0};
  for (std::uint32_t pair = 0; pair < 62; ++pair) {
    for (std::uint32_t i = 0; i < pair % 31; ++i) {
      const r::Words w = r::philox4x32_10({{pair, i, 0, 0}}, 42);
      const double x = w.word[0] % 1000, y = w.word[1] % 1000;
      const bool is_true = i % 3 == 0, is_bad = !is_true && pair % 5 == 0;
      source.push_back(x);
      source.push_back(is_bad ? bad[i % 4] : y);
      target.push_back(is_true ? 2 * x - y : is_bad ? bad[(i + 1) % 4] : w.word[2] % 1000);
      target.push_back(is_true ? x + y : w.word[3] % 1000);
    }
    offsets.push_back(static_cast<std::int64_t>(source.size() / 2));
  }
  const Output one = verify(source, target, offsets, 1);
  for (const int num_threads : {2, 3, 64, 1000}) {
    const Output many = verify(source, target, offsets, num_threads);
    CHECK(many.num_inliers == one.num_inliers && many.num_one_to_one == one.num_one_to_one);
    CHECK(many.num_iterations == one.num_iterations && many.score == one.score && many.mask == one.mask);
  }
  for (std::size_t pair = 0; pair < 62; ++pair) {
    std::int32_t marked = 0;
    for (std::int64_t i = offsets[pair]; i < offsets[pair + 1]; ++i) marked += one.mask[i] == 1;
    CHECK(marked == one.num_inliers[pair]);
    CHECK(one.num_one_to_one[pair] <= marked);
    CHECK(one.score[pair] <= marked);
    if (offsets[pair + 1] - offsets[pair] >= 20) CHECK(marked >= 7);
  }
  verify({}, {}, {0}, 4);
}

int main() {
  test_philox_known_answers();
  test_triples_are_uniform();
  test_loop_stops_as_told();
  test_hostile_batch_is_bounded_and_reproducible();
  return failures != 0;
}
