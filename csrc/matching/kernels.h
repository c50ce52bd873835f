// The inner kernels of matching, written once (kernels_body.inc) and compiled once per instruction set.
#pragma once
#include <cstdint>

namespace fastdct::matching {

// Queries lie in lanes: in tiles of kTile queries, in each the first elements of all, then the second, ...,
// so that they are packed once for all candidates. Candidates lie in rows.
constexpr std::int32_t kTile = 32;

// Candidates are taken kMaxBlock rows at a time (fewer on machines with fewer registers), and of these rows
// kChunk elements at a time, copied to where their addresses are constants.
constexpr std::int32_t kMaxBlock = 12;
constexpr std::int32_t kChunk = 64;

// What is matched are floats, or words of packed bits: the other pointer is null. Descriptors are `width`
// floats or words long. Half squares are |x|^2 / 2 for Euclidean distances and 0 for inner products.
struct PackedQuery {
  const float* elements;       // [num_tiles, width, kTile], the last tile filled up
  const std::uint64_t* words;  // [num_tiles * kTile, width]
  const float* half_squares;   // [num_tiles * kTile], infinity beyond the last
  std::int32_t num_tiles;
};

struct CandidateRows {
  const float* elements;       // [size, width]
  const std::uint64_t* words;  // [size, width]
  const float* half_squares;   // [size]
  std::int32_t size;
};

// Similarity is q.c less half the square of what is chosen from, or minus the Hamming distance: the largest
// is the nearest, and the first of equals. Rows are floats, which hold them exactly up to 2^24; -1: there is
// none.
struct Neighbours {
  float* similarity[2];         // [num_tiles * kTile] each: working memory
  float* row[2];                // the same: nearest and second nearest candidate row of each query
  std::int32_t* nearest_query;  // [size of the candidate]
};

struct NeighbourTask {
  PackedQuery query;
  CandidateRows candidate;
  std::int32_t width;
  bool want_second, want_nearest_query;
  float* block;  // [kMaxBlock * width rounded up to kChunk]: working memory
  Neighbours found;
};

// Sums are taken in kLanes parts, added in pairs.
struct Kernels {
  void (*find_neighbours)(const NeighbourTask& task);
  float (*inner_product)(const float* a, const float* b, std::int32_t width);
  float (*squared_distance)(const float* a, const float* b, std::int32_t width);
  void (*widen)(const std::uint16_t* halves, std::int64_t count, float* floats);  // IEEE 754 binary16
};

namespace portable {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx512 {
extern const Kernels kernels;
}

// Those for this machine.
const Kernels& best_kernels();

}  // namespace fastdct::matching
