// How well a model explains the matches.
//
// MSAC's truncated quadratic (Torr and Zisserman 2000) turned upside down, an inlier adding 1 - r^2 / t^2, in
// fixed point: integer sums are the same in any order and on any machine.
#pragma once
#include <cstdint>

#include "common/real.h"

namespace fastdct::ransac {

// The largest term. 2^16 steps resolve a residual to a few thousandths of the threshold.
constexpr std::int64_t kScoreOne = std::int64_t{1} << 16;

// The search measures in steps of 1 / 2^8 of the threshold, so that squared residuals count 1 / 2^16 of its
// square, and a term is just kScoreOne - r^2.
constexpr float kErrorSteps = 256;

// A float in [2^23, 2^24) has steps of one: what is added to kTermFloor is rounded to an integer, and the
// difference of the bit patterns is that integer. Score terms therefore cost no conversion.
constexpr float kTermFloor = 8388608;
constexpr float kTermTop = kTermFloor + 65536;

// Sums of bit patterns wrap around in 32 bits; after taking off one pattern of kTermFloor for each match the
// true sum is left if it fits: after this many matches it must have been taken into 64 bits.
constexpr std::int32_t kMaxTermsInInt32 = 1 << 14;

// kTermFloor plus the score of a squared residual; kTermFloor itself for an outlier and for what is no
// number.
template <class Real>
FASTDCT_HD Real score_term(Real squared) {
  return at_least(Real(kTermTop) - squared, Real(kTermFloor));
}

// What is left of a wrapped sum of bit patterns of that many terms.
FASTDCT_HD std::int32_t without_floor(std::int32_t bits, std::int32_t num_terms) {
  const auto floors = static_cast<std::uint32_t>(num_terms) * static_cast<std::uint32_t>(bits_of(kTermFloor));
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) - floors);
}

// An inlier adds kScoreOne - r^2 times this, rounded down; never less than nothing.
FASTDCT_HD double score_steps(double squared_bound) { return static_cast<double>(kScoreOne) / squared_bound; }

struct Support {
  std::int64_t score;  // in units of 1 / kScoreOne
  std::int32_t num_inliers;
};

}  // namespace fastdct::ransac
