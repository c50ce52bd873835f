// PROSAC (Chum and Matas, "Matching with PROSAC", CVPR 2005): samples are drawn from the best matches first,
// and from ever more of them, so that as many as uniform sampling would draw from all end up drawn from each
// prefix.
#pragma once
#include <cmath>
#include <cstdint>

#include "common/host_device.h"
#include "ransac/sample.h"

namespace fastdct::ransac {

// The growth function of section 2.2, as it goes. T_n is how many of `total` uniform samples would lie within
// the first n; the prefix grows to n + 1 when that many have been drawn, rounded up.
template <int Size>
class ProsacGrowth {
 public:
  FASTDCT_HD ProsacGrowth(std::int32_t num_matches, std::int32_t total)
      : num_matches_(num_matches), prefix_(Size) {
    expected_ = total;
    for (int i = 0; i < Size; ++i) expected_ *= static_cast<double>(Size - i) / (num_matches - i);
  }

  // Best matches that hypothesis `index` is drawn from; to be asked for in rising order, from 0 on.
  FASTDCT_HD std::int32_t prefix(std::int32_t index) {
    while (index >= grown_at_ && prefix_ < num_matches_) grow();
    return prefix_;
  }

  // The hypothesis from which on the prefix is longer than so far, which is then made so.
  FASTDCT_HD std::int64_t next_growth() {
    const std::int64_t at = grown_at_;
    grow();
    return at;
  }

 private:
  FASTDCT_HD void grow() {
    const double next = expected_ * (prefix_ + 1) / (prefix_ + 1 - Size);
    grown_at_ += static_cast<std::int64_t>(std::ceil(next - expected_));
    expected_ = next;
    ++prefix_;
  }

  std::int32_t num_matches_, prefix_;
  double expected_;            // T_n
  std::int64_t grown_at_ = 1;  // T'_n
};

// The same for hypotheses in any order: growth[k], k < num_matches - Size, is the hypothesis from which on
// the prefix is longer than Size + k, or `total` if that is none.
template <int Size>
FASTDCT_HD void list_growth(std::int32_t num_matches, std::int32_t total, std::int32_t* growth) {
  ProsacGrowth<Size> grown(num_matches, total);
  std::int64_t at = 0;
  for (std::int32_t k = 0; k < num_matches - Size; ++k) {
    if (at < total) at = grown.next_growth();
    growth[k] = static_cast<std::int32_t>(at < total ? at : total);
  }
}

// ProsacGrowth::prefix(index), of index < total.
template <int Size>
FASTDCT_HD std::int32_t prefix_at(const std::int32_t* growth, std::int32_t num_matches, std::int32_t index) {
  std::int32_t low = 0, high = num_matches - Size;
  while (low < high) {
    const std::int32_t middle = low + (high - low) / 2;
    if (growth[middle] <= index) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Size + low;
}

// The sample of a hypothesis: the last of its prefix, which no sample before could hold, and others before
// it; once the prefix is everything, any. Positions count from the best match.
template <int Size>
FASTDCT_HD void draw_from_prefix(std::uint64_t seed, std::uint32_t hypothesis, std::int32_t prefix,
                                 std::int32_t num_matches, std::int32_t* position) {
  if (prefix == num_matches) return draw_positions<Size>(seed, hypothesis, num_matches, position);
  draw_positions<Size - 1>(seed, hypothesis, prefix - 1, position);
  position[Size - 1] = prefix - 1;
}

}  // namespace fastdct::ransac
