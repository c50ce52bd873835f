// Which matches a hypothesis is made from.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "ransac/philox.h"

namespace fastdct::ransac {

struct Triple {
  std::int32_t index[3];
};

// A word as a number in [0, bound). The bias is below bound / 2^32.
FASTDCT_HD std::uint32_t below(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

// Three different matches out of num_matches >= 3, uniformly over ordered triples.
//
// The numbers are keyed by (seed, hypothesis); the pair enters through num_matches alone. Its place in the
// batch must not enter, or a pair would be verified differently alone and among others. Pairs of equal size
// thus share their triples, which correlates nothing within a pair: each is still sampled uniformly.
FASTDCT_HD Triple draw_triple(std::uint64_t seed, std::uint32_t hypothesis, std::int32_t num_matches) {
  const Words random = philox4x32_10({{hypothesis, 0, 0, 0}}, seed);
  const auto n = static_cast<std::uint32_t>(num_matches);
  const std::uint32_t first = below(random.word[0], n);
  std::uint32_t second = below(random.word[1], n - 1);
  second += second >= first;  // skip over the one taken
  const std::uint32_t low = first < second ? first : second;
  const std::uint32_t high = first < second ? second : first;
  std::uint32_t third = below(random.word[2], n - 2);
  third += third >= low;
  third += third >= high;
  return {{static_cast<std::int32_t>(first), static_cast<std::int32_t>(second),
           static_cast<std::int32_t>(third)}};
}

}  // namespace fastdct::ransac
