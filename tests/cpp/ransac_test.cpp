// The RANSAC core by itself, meant to be built with sanitizers: what Python cannot reach. Prints what failed.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "check.h"
#include "common/real.h"
#include "matching/match.h"
#include "matching/steps.h"
#include "ransac/device/emulation.h"
#include "ransac/device/models.h"
#include "ransac/loop.h"
#include "ransac/prosac.h"
#include "ransac/ransac.h"
#include "ransac/sample.h"
#include "ransac/score.h"
#include "sampling_tests.h"

namespace r = fastdct::ransac;

namespace m = fastdct::matching;

// The bits of a score, as the vectors sum them, are the rounded terms.
static void test_score_terms_are_integers() {
  for (const float squared : {0.0f, 1.0f, 100.49f, 65535.4f, 65536.0f, 1e9f, HUGE_VALF, std::nanf("")}) {
    const std::int32_t bits = fastdct::bits_of(r::score_term(squared));
    const double term = squared < 65536 ? 65536.0 - static_cast<double>(squared) : 0;
    CHECK(r::without_floor(bits, 1) == std::nearbyint(term));
    std::uint32_t wrapped = 0;
    for (int i = 0; i < 1000; ++i) wrapped += static_cast<std::uint32_t>(bits);
    CHECK(r::without_floor(static_cast<std::int32_t>(wrapped), 1000) == 1000 * std::nearbyint(term));
  }
}

static void test_half_floats() {
  const struct {
    std::uint16_t half;
    float value;
  } cases[] = {{0x0000, 0.0f},     {0x3c00, 1.0f},      {0xc000, -2.0f},
               {0x7bff, 65504.0f}, {0x0001, 0x1p-24f},  {0x83ff, -0x1.ff8p-15f},
               {0x0400, 0x1p-14f}, {0x7c00, HUGE_VALF}, {0xfc00, -HUGE_VALF}};
  for (const auto& c : cases) CHECK(fastdct::half_to_float(c.half) == c.value);
  CHECK(std::isnan(fastdct::half_to_float(0x7e00)));
}

// Finds a model only at one iteration, and says what a sample's probability is: the loop's count is then
// known.
struct MockSource {
  using Model = std::int32_t;
  std::int32_t found_at;
  double probability;
  std::int32_t next_index = 0;

  bool next(std::int32_t limit, std::int64_t floor, r::Hypothesis<Model>* found) {
    for (; next_index < limit; ++next_index) {
      const std::int64_t score = next_index < found_at ? 0 : next_index == found_at ? 10 : 5;
      if (score <= floor) continue;
      *found = {next_index, score, next_index};
      ++next_index;
      return true;
    }
    return false;
  }
  r::Fit<Model> optimise(const r::Hypothesis<Model>& h) const { return {h.model, {h.score + 1, 7}, 0}; }
  double sample_probability(const r::Fit<Model>& fit) const {
    return fit.support.num_inliers == 7 ? probability : 0;
  }
};

static void test_loop_stops_as_told() {
  struct Case {
    std::int32_t found_at;
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
    MockSource source{c.found_at, c.probability};
    const auto fit = r::search(&source, r::Budget{1000, c.confidence});
    CHECK(fit.num_iterations == c.expected);
    CHECK(fit.support.score == (c.found_at < 1000 ? 11 : 0));
    if (c.found_at < 1000) CHECK(fit.model == c.found_at);
  }
  CHECK(r::sample_probability(3, 2, 10) == 0);
  CHECK(r::sample_probability(3, 10, 10) == 1);
  CHECK(std::fabs(r::sample_probability(3, 5, 10) - 10.0 / 120.0) < 1e-15);
  CHECK(std::fabs(r::sample_probability(7, 8, 10) - 8.0 / 120.0) < 1e-15);
}

struct Output {
  std::vector<std::int32_t> num_inliers, num_one_to_one, num_iterations;
  std::vector<double> score, model;
  std::vector<std::uint8_t> mask;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr r::Plausibility kBounds{0, kInfinity, kInfinity, true};
constexpr r::Budget kBudget{600, 0.99};  // more than a thread block's slice

static Output room_for(std::size_t pairs, std::size_t matches, int matrix_size) {
  return {std::vector<std::int32_t>(pairs),         std::vector<std::int32_t>(pairs),
          std::vector<std::int32_t>(pairs),         std::vector<double>(pairs),
          std::vector<double>(matrix_size * pairs), std::vector<std::uint8_t>(matches, 9)};
}

static r::device::Results results_of(Output* out) {
  return {out->num_inliers.data(), out->num_one_to_one.data(), out->score.data(),
          out->model.data(),       out->mask.data(),           out->num_iterations.data()};
}

// Of every match; one more than there are, so that no vector is empty.
struct Extras {
  std::vector<double> quality, frames, turned;
};

static Extras made_extras(std::size_t matches) {
  Extras extras{std::vector<double>(matches + 1), std::vector<double>(2 * matches + 2),
                std::vector<double>(2 * matches + 2)};
  for (std::size_t i = 0; i < matches; ++i) {
    extras.quality[i] = i % 5 == 4 ? std::nan("") : static_cast<double>(i % 11);
    extras.frames[2 * i] = 1 + static_cast<double>(i % 3);
    extras.frames[2 * i + 1] = static_cast<double>(i % 7);
    extras.turned[2 * i] = extras.frames[2 * i] * (i % 2 == 0 ? 0.95 : 1.7);
    extras.turned[2 * i + 1] = extras.frames[2 * i + 1] + 0.32;
  }
  return extras;
}

static Output verify(const std::vector<double>& source, const std::vector<double>& target,
                     const std::vector<std::int64_t>& offsets, int num_threads, r::ModelKind model,
                     r::Sampling sampling) {
  const std::size_t pairs = offsets.size() - 1;
  Output out = room_for(pairs, source.size() / 2, r::matrix_size(model));
  const std::vector<double> max_error(pairs, 5.0);
  const Extras extras = made_extras(source.size() / 2);
  const bool one_point = sampling == r::Sampling::one_point;
  const r::device::Results results = results_of(&out);
  r::verify({source.data(), target.data(), offsets.data(), max_error.data(), static_cast<std::int64_t>(pairs),
             sampling == r::Sampling::prosac ? extras.quality.data() : nullptr,
             one_point ? extras.frames.data() : nullptr, one_point ? extras.turned.data() : nullptr},
            {model, sampling, kBounds, kBudget, 3}, num_threads,
            {results.num_inliers, results.num_one_to_one, results.score, results.model, results.inlier_mask,
             results.num_iterations});
  return out;
}

// Pairs of which every second or seventh match is true, many to one among them; sizes about those of
// samples, groups and slices of threads.
struct Pairs {
  std::vector<double> source, target;
  std::vector<std::int64_t> offsets{0};
};

static Pairs planted_pairs() {
  Pairs pairs;
  for (const int size : {0, 3, 4, 5, 8, 17, 80}) {
    for (const int period : {2, 7}) {
      for (int i = 0; i < size; ++i) {
        const r::Words w = r::philox4x32_10({{static_cast<std::uint32_t>(i), 7, 0, 0}}, 42);
        const double x = w.word[0] % 1000, y = w.word[1] % 1000, u = w.word[2] % 1000, v = w.word[3] % 1000;
        pairs.source.insert(pairs.source.end(), {x, y});
        if (i % period == 0) {
          pairs.target.insert(pairs.target.end(), {0.9 * x - 0.3 * y + fmod(u, 5), 0.3 * x + y + fmod(v, 5)});
        } else if (i % 9 == 8) {
          pairs.target.insert(pairs.target.end(), {500, 500});
        } else {
          pairs.target.insert(pairs.target.end(), {u, v});
        }
      }
      pairs.offsets.push_back(static_cast<std::int64_t>(pairs.source.size() / 2));
    }
  }
  return pairs;
}

// Rows of each pair by quality, the best first, what is no number last.
static std::vector<std::int64_t> best_first(const std::vector<std::int64_t>& offsets,
                                            const std::vector<double>& quality) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(offsets.back()));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
  const auto value = [&](std::int64_t i) { return std::isnan(quality[i]) ? -HUGE_VAL : quality[i]; };
  for (std::size_t p = 0; p + 1 < offsets.size(); ++p) {
    std::stable_sort(rows.begin() + offsets[p], rows.begin() + offsets[p + 1],
                     [&](std::int64_t i, std::int64_t j) { return value(i) > value(j); });
  }
  return rows;
}

static bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0;
}

// The kernels of a GPU, its threads played in random order.
static Output verify_emulated(const Pairs& pairs, r::ModelKind model, r::Sampling sampling,
                              std::uint64_t order_seed) {
  Output out = room_for(pairs.offsets.size() - 1, pairs.source.size() / 2, r::matrix_size(model));
  const Extras extras = made_extras(pairs.source.size() / 2);
  const std::vector<double> max_error(out.score.size(), 5.0);
  const auto rows = best_first(pairs.offsets, extras.quality);
  const bool one_point = sampling == r::Sampling::one_point;
  const r::device::Batch batch{pairs.source.data(),
                               pairs.target.data(),
                               pairs.offsets.data(),
                               max_error.data(),
                               sampling == r::Sampling::prosac ? rows.data() : nullptr,
                               one_point ? extras.frames.data() : nullptr,
                               one_point ? extras.turned.data() : nullptr,
                               pairs.offsets.back(),
                               static_cast<std::int32_t>(out.score.size()),
                               80};
  std::vector<char> memory(r::device::workspace_size(batch, model, sampling) + 256, '\x5a');
  void* workspace = memory.data();
  std::size_t space = memory.size();
  std::align(256, space - 256, workspace, space);
  const r::SearchOptions options{r::linear_bounds(kBounds), kBudget, sampling, 3};
  r::device::verify_emulated(batch, model, options, workspace, results_of(&out), order_seed);
  return out;
}

static void test_device_finds_what_the_cpu_finds() {
  const Pairs pairs = planted_pairs();
  for (const auto model : {r::ModelKind::similarity, r::ModelKind::affine, r::ModelKind::homography,
                           r::ModelKind::fundamental}) {
    for (const auto sampling : {r::Sampling::uniform, r::Sampling::prosac, r::Sampling::one_point}) {
      if (model == r::ModelKind::fundamental && sampling == r::Sampling::one_point) continue;
      const Output expected = verify(pairs.source, pairs.target, pairs.offsets, 1, model, sampling);
      const Output found = verify_emulated(pairs, model, sampling, 1);
      CHECK(found.num_inliers == expected.num_inliers && found.mask == expected.mask);
      CHECK(found.num_one_to_one == expected.num_one_to_one);
      CHECK(found.num_iterations == expected.num_iterations);
      CHECK(same_bits(found.score, expected.score) && same_bits(found.model, expected.model));
    }
  }
}

// What a GPU thread would choose, row by row, against the vector kernels; whole numbers, so that rows tie.
static void test_gpu_steps_choose_the_same_neighbours() {
  for (const std::int32_t width : {1, 16, 31, 70}) {
    std::vector<float> query(50 * width), candidates(40 * width);
    const auto fill = [](std::vector<float>* values, std::uint32_t stream) {
      for (std::size_t i = 0; i < values->size(); ++i) {
        (*values)[i] = static_cast<float>(
                           r::philox4x32_10({{static_cast<std::uint32_t>(i), stream, 0, 0}}, 9).word[0] % 3) -
                       1;
      }
    };
    fill(&query, 0), fill(&candidates, 1);
    const std::int64_t offsets[] = {0, 40};
    std::vector<std::int32_t> row(50);
    std::vector<float> distance(50);
    const double infinity = std::numeric_limits<double>::infinity();
    const m::Shortlist list{{query.data(), 50, width, m::Element::float32},
                            {candidates.data(), 40, width, m::Element::float32},
                            offsets,
                            1};
    m::match(list, {m::Metric::euclidean, false, false, infinity, infinity}, 1,
             {row.data(), distance.data()});
    for (int i = 0; i < 50; ++i) {
      m::Best first{-HUGE_VALF, 40}, second = first;
      for (int j = 39; j >= 0; --j) {
        float product = 0;
        for (int k = 0; k < width; ++k) {
          product = fastdct::fused(query[i * width + k], candidates[j * width + k], product);
        }
        m::improve(product - m::half_square(&candidates[j * width], width), j, &first, &second);
      }
      CHECK(first.index == row[i]);
      CHECK(second.index != first.index && second.similarity <= first.similarity);
    }
  }
}

static void check_hostile(const std::vector<double>& source, const std::vector<double>& target,
                          const std::vector<std::int64_t>& offsets, r::ModelKind model,
                          r::Sampling sampling) {
  const Output one = verify(source, target, offsets, 1, model, sampling);
  for (const int num_threads : {2, 3, 64}) {
    const Output many = verify(source, target, offsets, num_threads, model, sampling);
    CHECK(many.num_inliers == one.num_inliers && many.num_one_to_one == one.num_one_to_one);
    CHECK(many.num_iterations == one.num_iterations && many.score == one.score && many.mask == one.mask);
  }
  for (std::size_t pair = 0; pair + 1 < offsets.size(); ++pair) {
    std::int32_t marked = 0;
    for (std::int64_t i = offsets[pair]; i < offsets[pair + 1]; ++i) marked += one.mask[i] == 1;
    CHECK(marked == one.num_inliers[pair]);
    CHECK(one.num_one_to_one[pair] <= marked);
    CHECK(one.score[pair] <= marked);
    const bool found_by_samples = model == r::ModelKind::affine && sampling == r::Sampling::uniform;
    if (found_by_samples && offsets[pair + 1] - offsets[pair] >= 20) CHECK(marked >= 7);
  }
  verify({}, {}, {0}, 4, model, sampling);
}

// Every row of a candidate equal to a query row is its neighbour; sizes about those of tiles.
static void test_matching() {
  const std::int32_t width = 67;
  std::vector<float> query(45 * width), candidates;
  for (std::size_t i = 0; i < query.size(); ++i) {
    query[i] =
        static_cast<float>(r::philox4x32_10({{static_cast<std::uint32_t>(i), 0, 0, 0}}, 9).word[0] % 100);
  }
  std::vector<std::int64_t> offsets{0};
  for (const int size : {0, 1, 13, 45}) {
    for (int row = size - 1; row >= 0; --row) {
      candidates.insert(candidates.end(), query.begin() + row * width, query.begin() + (row + 1) * width);
    }
    offsets.push_back(static_cast<std::int64_t>(candidates.size()) / width);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  const m::Shortlist list{{query.data(), 45, width, m::Element::float32},
                          {candidates.data(), offsets.back(), width, m::Element::float32},
                          offsets.data(),
                          4};
  for (const int num_threads : {1, 3}) {
    std::vector<std::int32_t> row(4 * 45, 99);
    std::vector<float> distance(4 * 45);
    const m::Rules rules{m::Metric::euclidean, true, false, 0.9, infinity};
    CHECK(m::match(list, rules, num_threads, {row.data(), distance.data()}).row == -1);
    for (int p = 0; p < 4; ++p) {
      const auto size = static_cast<int>(offsets[p + 1] - offsets[p]);
      for (int i = 0; i < size; ++i) CHECK(row[45 * p + i] == size - 1 - i && distance[45 * p + i] == 0);
      for (int i = size; i < 45; ++i) CHECK(row[45 * p + i] == -1);
    }
  }
  query[3 * width] = std::nanf("");
  std::vector<std::int32_t> row(4 * 45);
  std::vector<float> distance(4 * 45);
  const m::BadRow bad =
      m::match(list, {m::Metric::euclidean, true, false, 1, infinity}, 2, {row.data(), distance.data()});
  CHECK(bad.in_query && bad.row == 3);
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
  for (const auto model : {r::ModelKind::similarity, r::ModelKind::affine, r::ModelKind::homography,
                           r::ModelKind::fundamental}) {
    for (const auto sampling : {r::Sampling::uniform, r::Sampling::prosac, r::Sampling::one_point}) {
      if (model == r::ModelKind::fundamental && sampling == r::Sampling::one_point) continue;
      check_hostile(source, target, offsets, model, sampling);
    }
  }
}

int main() {
  test_philox_known_answers();
  test_samples_are_uniform();
  test_order_is_a_permutation();
  test_prosac_grows_as_published();
  test_score_terms_are_integers();
  test_half_floats();
  test_matching();
  test_gpu_steps_choose_the_same_neighbours();
  test_device_finds_what_the_cpu_finds();
  test_list_of_growth_is_the_growth();
  test_loop_stops_as_told();
  test_hostile_batch_is_bounded_and_reproducible();
  return failures != 0;
}
