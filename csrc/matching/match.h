// Nearest neighbours between one query's descriptors and those of many candidates, by exhaustive search.
#pragma once
#include <cstdint>

namespace fastdct::matching {

enum class Metric {
  euclidean,
  inner_product,  // distance 1 - q.c: the cosine distance of unit vectors
  hamming,        // of packed bits
};

enum class Element { float32, float16, byte };  // byte: eight bits, for Metric::hamming only

struct Descriptors {
  const void* data;  // [size, width], rows one after another
  std::int64_t size;
  std::int32_t width;
  Element element;
};

// Which pairs of a query row and its nearest neighbour count as matches.
struct Rules {
  Metric metric;
  bool mutual;          // the query row is also the nearest to its neighbour
  bool one_to_one;      // of the query rows with one neighbour, the nearest only
  double max_ratio;     // of the distances to the nearest and the second nearest; infinity = any
  double max_distance;  // infinity = any
};

// Candidate p holds rows offsets[p] .. offsets[p + 1] - 1 of `candidates`. The caller has checked: equal
// widths and elements, offsets that start at 0, do not fall and end at candidates.size, sizes below 2^31.
struct Shortlist {
  Descriptors query, candidates;
  const std::int64_t* offsets;  // [num_candidates + 1]
  std::int64_t num_candidates;
};

// [num_candidates, query.size] each: row of the match within its candidate, or -1; and its distance.
struct Found {
  std::int32_t* row;
  float* distance;
};

// A descriptor whose numbers are not finite, or so large that squared distances are not finite in float32.
struct BadRow {
  bool in_query;
  std::int64_t row;  // -1: none
};

// Matches every candidate by itself: the others, and num_threads (>= 1), change nothing. Ties go to the first
// row. Neighbours are compared by q.c - |c|^2 / 2 (Euclidean) or q.c in float32, sums taken in order of the
// elements with one rounding each, on every machine; distances that are returned or compared with a bound are
// computed from differences. `found` is undefined if a bad row is returned. Throws std::bad_alloc.
BadRow match(const Shortlist& shortlist, const Rules& rules, int num_threads, const Found& found);

}  // namespace fastdct::matching
