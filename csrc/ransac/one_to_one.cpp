#include "ransac/one_to_one.h"

#include <cstring>

namespace fastdct::ransac {
namespace {

std::uint64_t bits(double value) {
  value += 0.0;  // -0 equals 0
  std::uint64_t result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

// Multiplicative hashing (Knuth, TAOCP 6.4): the golden ratio in 64 bits; the high bits are the mixed ones.
std::uint64_t hash(double x, double y) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  return (bits(x) * kGolden ^ bits(y)) * kGolden >> 32;
}

// Gives equal points of the listed matches one number, the first match that has it; whether any repeats.
bool number_points(const double* coordinates, const std::int32_t* inlier, std::int32_t num_inliers,
                   OneToOneScratch* scratch, std::vector<std::int32_t>* number) {
  const std::size_t mask = scratch->table.size() - 1;
  std::fill(scratch->table.begin(), scratch->table.end(), 0);
  bool repeats = false;
  for (std::int32_t k = 0; k < num_inliers; ++k) {
    const std::int32_t i = inlier[k];
    const double x = coordinates[2 * std::int64_t{i}], y = coordinates[2 * std::int64_t{i} + 1];
    std::size_t slot = hash(x, y) & mask;
    for (std::int32_t other; (other = scratch->table[slot] - 1) >= 0; slot = (slot + 1) & mask) {
      const double* point = coordinates + 2 * std::int64_t{other};
      if (point[0] == x && point[1] == y) break;
    }
    if (scratch->table[slot] == 0) scratch->table[slot] = i + 1;
    (*number)[i] = scratch->table[slot] - 1;
    repeats |= (*number)[i] != i;
  }
  return repeats;
}

// At least four times the entries, a power of two: mostly the first slot is free.
std::size_t table_size(std::int32_t max_entries) {
  std::size_t size = 16;
  while (size < 4 * static_cast<std::size_t>(max_entries)) size *= 2;
  return size;
}

}  // namespace

OneToOneScratch::OneToOneScratch(std::int32_t max_matches)
    : table(table_size(max_matches)),
      source(max_matches),
      target(max_matches),
      source_used(max_matches),
      target_used(max_matches) {}

bool number_keypoints(const Matches& matches, const std::int32_t* inlier, std::int32_t num_inliers,
                      OneToOneScratch* scratch) {
  scratch->table.resize(table_size(num_inliers));  // within its capacity
  const bool source_repeats = number_points(matches.source, inlier, num_inliers, scratch, &scratch->source);
  const bool target_repeats = number_points(matches.target, inlier, num_inliers, scratch, &scratch->target);
  return source_repeats || target_repeats;
}

std::int32_t count_greedily(const std::int32_t* inlier, std::int32_t num_inliers, OneToOneScratch* scratch) {
  for (std::int32_t k = 0; k < num_inliers; ++k)
    scratch->source_used[inlier[k]] = scratch->target_used[inlier[k]] = 0;
  std::int32_t count = 0;
  for (std::int32_t k = 0; k < num_inliers; ++k) {
    std::uint8_t& source_used = scratch->source_used[scratch->source[inlier[k]]];
    std::uint8_t& target_used = scratch->target_used[scratch->target[inlier[k]]];
    if (source_used || target_used) continue;
    source_used = target_used = 1;
    ++count;
  }
  return count;
}

}  // namespace fastdct::ransac
