// Which matches a hypothesis is made from.
//
// Matches are put in a random order once per pair. A sample is then given by its first positions in that
// order, all different, drawn at random, and a shift that moves all of them along together, around the end.
// Each sample of a run (all shifts below run_length) is uniform over ordered samples without repetition,
// because the first positions are and a shift is a bijection; but a vector loads the matches of sixteen
// samples by plain contiguous loads, and a run draws once. (A gather for each hypothesis took about twice the
// time of everything.) Samples of one run share no match in the same place, so that they are as good as
// independent.
//
// Random numbers are keyed by (seed, hypothesis); the pair enters through its number of matches alone. Its
// place in the batch must not enter, or a pair would be verified differently alone and among others. Pairs of
// equal size thus share their samples, which correlates nothing within a pair.
#pragma once
#include <cstdint>

#include "common/host_device.h"
#include "ransac/philox.h"

namespace fastdct::ransac {

constexpr std::int32_t kMaxRun = 64;

// More shifts than matches would come round to the same samples.
FASTDCT_HD std::int32_t run_length(std::int32_t num_matches) {
  return num_matches < kMaxRun ? num_matches : kMaxRun;
}

// Philox's counter is (index, part of the sample, 0, stream): draws for different ends never share numbers.
enum class Stream : std::uint32_t { sample = 0, order = 1 };

// A word as a number in [0, bound). The bias is below bound / 2^32.
FASTDCT_HD std::uint32_t below(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

// `Size` different positions out of num_matches >= Size, uniformly over ordered choices.
template <int Size>
FASTDCT_HD void draw_positions(std::uint64_t seed, std::uint32_t index, std::int32_t num_matches,
                               std::int32_t* position) {
  Words random{};
  std::int32_t taken[Size];  // rising
  for (int k = 0; k < Size; ++k) {
    if (k % 4 == 0) {
      random = philox4x32_10(
          {{index, static_cast<std::uint32_t>(k / 4), 0, static_cast<std::uint32_t>(Stream::sample)}}, seed);
    }
    auto drawn =
        static_cast<std::int32_t>(below(random.word[k % 4], static_cast<std::uint32_t>(num_matches - k)));
    for (int i = 0; i < k; ++i) drawn += drawn >= taken[i];  // skip over those taken
    position[k] = drawn;
    for (int i = 0; i < k; ++i) {  // keep them rising; without branches, which would be mispredicted
      const std::int32_t low = drawn < taken[i] ? drawn : taken[i];
      drawn = drawn < taken[i] ? taken[i] : drawn;
      taken[i] = low;
    }
    taken[k] = drawn;
  }
}

// The sample of one hypothesis, as positions in the random order.
template <int Size>
FASTDCT_HD void draw_sample(std::uint64_t seed, std::uint32_t hypothesis, std::int32_t num_matches,
                            std::int32_t* position) {
  const auto length = static_cast<std::uint32_t>(run_length(num_matches));
  draw_positions<Size>(seed, hypothesis / length, num_matches, position);
  const auto shift = static_cast<std::int32_t>(hypothesis % length);
  for (int k = 0; k < Size; ++k) {
    position[k] += shift;
    if (position[k] >= num_matches) position[k] -= num_matches;
  }
}

// order[i], 0 <= i < size: a random permutation (Fisher and Yates, as Durstenfeld has it).
FASTDCT_HD void draw_order(std::uint64_t seed, std::int32_t size, std::int32_t* order) {
  for (std::int32_t i = 0; i < size; ++i) order[i] = i;
  Words random{};
  for (std::int32_t i = size - 1; i > 0; --i) {
    const auto draw = static_cast<std::uint32_t>(size - 1 - i);
    if (draw % 4 == 0) {
      random = philox4x32_10({{draw / 4, 0, 0, static_cast<std::uint32_t>(Stream::order)}}, seed);
    }
    const auto j = static_cast<std::int32_t>(below(random.word[draw % 4], static_cast<std::uint32_t>(i + 1)));
    const std::int32_t moved = order[i];
    order[i] = order[j];
    order[j] = moved;
  }
}

// The order of num_matches matches is that of the next power of two, without what is too large for it:
// uniform as well, the same for every pair of this size, and most of the drawing is done once for all pairs.
FASTDCT_HD std::int32_t order_size(std::int32_t num_matches) {
  std::int32_t size = 1;
  while (size < num_matches) size *= 2;
  return size;
}

}  // namespace fastdct::ransac
