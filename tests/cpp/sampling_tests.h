// Tests of what RANSAC's samples are drawn by: random numbers, orders and PROSAC's growth.
#pragma once
#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "check.h"
#include "ransac/prosac.h"
#include "ransac/sample.h"

namespace r = fastdct::ransac;

// Known answers of Random123 (kat_vectors, philox4x32 10).
inline void test_philox_known_answers() {
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
inline void test_samples_are_uniform() {
  const int draws = 60000;
  std::vector<int> seen(125);
  std::int32_t t[3];
  for (std::uint32_t h = 0; h < draws; ++h) {
    r::draw_sample<3>(1, h, 5, t);
    for (const std::int32_t i : t) CHECK(i >= 0 && i < 5);
    ++seen[25 * t[0] + 5 * t[1] + t[2]];
  }
  double chi_squared = 0;
  int triples = 0;
  for (const int count : seen) {
    triples += count > 0;
    if (count > 0) chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  CHECK(triples == 60);
  CHECK(chi_squared < 98.3);
  const std::int32_t largest = (1 << 30) - 1;
  for (std::uint32_t h = 0; h < 1000; ++h) {
    std::int32_t seven[7];
    r::draw_sample<7>(~std::uint64_t{0}, ~h, largest, seven);
    CHECK((std::set<std::int32_t>(seven, seven + 7).size() == 7));
    for (const std::int32_t i : seven) CHECK(i >= 0 && i < largest);
  }
}

inline void test_order_is_a_permutation() {
  for (const std::int32_t size : {1, 2, 64, 1024}) {
    std::vector<std::int32_t> order(size);
    r::draw_order(5, size, order.data());
    CHECK((std::set<std::int32_t>(order.begin(), order.end()).size() == static_cast<std::size_t>(size)));
    CHECK(*std::min_element(order.begin(), order.end()) == 0);
  }
}

// Chum and Matas, equation 3, by hand for samples of two out of four in 12 draws: T_2 = 2, T_3 = 6, T_4 = 12,
// so that the prefix grows to three after one draw, and to four after four more.
inline void test_prosac_grows_as_published() {
  r::ProsacGrowth<2> growth(4, 12);
  const std::int32_t expected[] = {2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4};
  for (std::int32_t i = 0; i < 12; ++i) CHECK(growth.prefix(i) == expected[i]);
  r::ProsacGrowth<3> long_growth(50, 2000);
  for (std::int32_t i = 0; i < 2000; ++i) {
    const std::int32_t prefix = long_growth.prefix(i);
    std::int32_t position[3];
    r::draw_from_prefix<3>(1, static_cast<std::uint32_t>(i), prefix, 50, position);
    CHECK(prefix == 50 || position[2] == prefix - 1);
    CHECK((std::set<std::int32_t>(position, position + 3).size() == 3));
    for (const std::int32_t p : position) CHECK(p >= 0 && p < prefix);
  }
  CHECK(long_growth.prefix(2000) == 50);
}

// A GPU's threads look the prefix up.
inline void test_list_of_growth_is_the_growth() {
  for (const std::int32_t num_matches : {4, 5, 50, 700}) {
    for (const std::int32_t total : {1, 12, 2000}) {
      std::vector<std::int32_t> growth(num_matches);
      r::list_growth<3>(num_matches, total, growth.data());
      r::ProsacGrowth<3> expected(num_matches, total);
      for (std::int32_t i = 0; i < total; ++i) {
        CHECK(r::prefix_at<3>(growth.data(), num_matches, i) == expected.prefix(i));
      }
    }
  }
}
