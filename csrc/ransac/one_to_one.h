// How many inliers remain when every keypoint may be used once.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "ransac/matches.h"

namespace fastdct::ransac {

// Working memory of one thread, made once for the largest pair: nothing allocates, or throws, while threads
// run.
struct OneToOneScratch {
  explicit OneToOneScratch(std::int32_t max_matches);
  std::vector<std::int32_t> table;           // open addressing: 1 + a match at the point, 0 if free
  std::vector<std::int32_t> source, target;  // a number for each distinct keypoint: its first match
  std::vector<std::uint8_t> source_used, target_used;
};

// Whether any keypoint repeats; then scratch->source and target are filled.
bool number_keypoints(const Matches& matches, const std::int32_t* inlier, std::int32_t num_inliers,
                      OneToOneScratch* scratch);

// Of these in their order, those of which neither keypoint was taken before.
std::int32_t count_greedily(const std::int32_t* inlier, std::int32_t num_inliers, OneToOneScratch* scratch);

// Inliers taken greedily, smallest residual first (ties: first match), each source keypoint and each target
// keypoint at most once. Keypoints are the same if their coordinates are equal. Clusters of matches that run
// into one point, which any map that shrinks enough explains, count once. O(n) if no keypoint repeats, else
// O(n log n).
// `inlier` [num_inliers] holds the inliers' indices, and is sorted; squared_error(i) is that of match i.
template <class SquaredError>
std::int32_t count_one_to_one(const Matches& matches, const SquaredError& squared_error, std::int32_t* inlier,
                              std::int32_t num_inliers, OneToOneScratch* scratch) {
  if (!number_keypoints(matches, inlier, num_inliers, scratch)) return num_inliers;
  std::sort(inlier, inlier + num_inliers, [&](std::int32_t i, std::int32_t j) {
    return std::make_pair(squared_error(i), i) < std::make_pair(squared_error(j), j);
  });
  return count_greedily(inlier, num_inliers, scratch);
}

}  // namespace fastdct::ransac
