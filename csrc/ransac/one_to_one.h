// How many inliers remain when every keypoint may be used once.
#pragma once
#include <cstdint>
#include <vector>

#include "ransac/affine.h"
#include "ransac/matches.h"

namespace fastdct::ransac {

// Working memory of one thread, made once for the largest pair: nothing allocates, or throws, while threads
// run.
struct OneToOneScratch {
  explicit OneToOneScratch(std::int32_t max_matches);
  std::vector<std::int32_t> table;           // open addressing: 1 + a match at the point, 0 if free
  std::vector<std::int32_t> source, target;  // a number for each distinct keypoint: its first match
  std::vector<double> residual;              // squared, of every match
  std::vector<std::uint8_t> source_used, target_used;
};

// Inliers taken greedily, smallest residual first (ties: first match), each source keypoint and each target
// keypoint at most once. Keypoints are the same if their coordinates are equal. Clusters of matches that run
// into one point, which any map that shrinks enough explains, count once. O(n) if no keypoint repeats, else
// O(n log n).
// `inlier` [num_inliers] holds the inliers' indices, and is sorted.
std::int32_t count_one_to_one(const Matches& matches, const Affine<double>& model, std::int32_t* inlier,
                              std::int32_t num_inliers, OneToOneScratch* scratch);

}  // namespace fastdct::ransac
