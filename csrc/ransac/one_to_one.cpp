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
std::uint64_t hash(const double* point) {
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  const std::uint64_t y = bits(point[1]);
  return (bits(point[0]) ^ (y << 32 | y >> 32)) * kGolden >> 32;
}

bool same(const double* a, const double* b) { return a[0] == b[0] && a[1] == b[1]; }

// Whether any of the listed points repeats. Each writes itself to its slot, and who finds another there has
// lost it: to an equal point, or the losers try once more among themselves, of whom there are few. Slots are
// written before they are read, so that nothing is cleared.
bool any_repeats(const double* coordinates, const std::int32_t* listed, std::int32_t count,
                 OneToOneScratch* scratch) {
  std::int32_t *table = scratch->table.data(), *slot = scratch->source.data(), *lost = scratch->target.data();
  const std::size_t mask = scratch->table.size() - 1;
  while (count > 1) {
    for (std::int32_t k = 0; k < count; ++k) {
      const std::int32_t point = listed[k];
      const std::size_t at = hash(coordinates + 2 * std::int64_t{point}) & mask;
      slot[k] = static_cast<std::int32_t>(at);
      table[at] = point;
    }
    std::int32_t num_lost = 0;
    for (std::int32_t k = 0; k < count; ++k) {
      const std::int32_t point = listed[k], winner = table[slot[k]];  // `lost` may be `listed`
      slot[num_lost] = winner;
      lost[num_lost] = point;
      num_lost += winner != point;
    }
    for (std::int32_t k = 0; k < num_lost; ++k) {
      if (same(coordinates + 2 * std::int64_t{lost[k]}, coordinates + 2 * std::int64_t{slot[k]})) return true;
    }
    listed = lost;
    count = num_lost;
  }
  return false;
}

// Gives equal points of the listed matches one number, the first match that has it.
void number_points(const double* coordinates, const std::int32_t* inlier, std::int32_t num_inliers,
                   OneToOneScratch* scratch, std::vector<std::int32_t>* number) {
  const std::size_t mask = scratch->table.size() - 1;
  std::fill(scratch->table.begin(), scratch->table.end(), 0);
  for (std::int32_t k = 0; k < num_inliers; ++k) {
    const double* point = coordinates + 2 * std::int64_t{inlier[k]};
    std::size_t slot = hash(point) & mask;
    for (std::int32_t other; (other = scratch->table[slot] - 1) >= 0; slot = (slot + 1) & mask) {
      if (same(coordinates + 2 * std::int64_t{other}, point)) break;
    }
    if (scratch->table[slot] == 0) scratch->table[slot] = inlier[k] + 1;
    (*number)[inlier[k]] = scratch->table[slot] - 1;
  }
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
  if (!any_repeats(matches.source, inlier, num_inliers, scratch) &&
      !any_repeats(matches.target, inlier, num_inliers, scratch)) {
    return false;
  }
  number_points(matches.source, inlier, num_inliers, scratch, &scratch->source);
  number_points(matches.target, inlier, num_inliers, scratch, &scratch->target);
  return true;
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
