// The working memory of a batch, laid out in one piece.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "ransac/device/batch.h"
#include "ransac/problem_view.h"
#include "ransac/sample.h"
#include "ransac/slices.h"

namespace fastdct::ransac::device {

constexpr std::int32_t kSlice = 512;                       // hypotheses of one block
constexpr std::int32_t kFirstRound = 1024;                 // hypotheses of each pair
constexpr std::int64_t kMaxRound = std::int64_t{1} << 20;  // of all pairs together, which bounds the memory

struct Memory {
  float* columns[4];             // [K] each, the matches of a pair in random order
  float* ordered[4];             // [K] each, best first: PROSAC
  float* turn[2];                // [K] each, in random order: one-point sampling
  std::int32_t* growth;          // [K] (prosac.h)
  std::uint32_t* order_sizes;    // a bit for each that some pair needs
  std::int32_t* whole_orders;    // as Workspace has them (problem.h)
  std::int32_t* orders;          // [K]
  Frame* frames;                 // [P]
  std::int32_t* num_before;      // [P] hypotheses drawn by an earlier search
  std::int32_t* num_candidates;  // [P, slices]
  void* affine_progress;         // [P] Progress<Affine<float>>: where a homography starts
  void* progress;                // [P] Progress of the model
  void* candidates;              // [P, slices, kSlice * kModelsPerSample]
  std::size_t size;
};

// Slices of a round, at most.
inline std::int32_t max_slices(std::int32_t num_pairs, int models_per_sample) {
  const std::int64_t share = kMaxRound / models_per_sample / std::max(num_pairs, 1) / kSlice;
  return static_cast<std::int32_t>(std::max<std::int64_t>(kFirstRound / kSlice, share) + 1);
}

// Hypotheses of each pair in the next round. Rounds grow, so that easy pairs cost little.
inline std::int32_t round_length(std::int32_t num_pairs, int models_per_sample, std::int32_t drawn) {
  const std::int64_t share = kMaxRound / models_per_sample / std::max(num_pairs, 1) / kSlice * kSlice;
  const std::int64_t most = std::max<std::int64_t>(kSlice, share);
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(most, drawn == 0 ? kFirstRound : 3 * std::int64_t{drawn}));
}

// Hands out parts of a piece of memory, or only counts them if there is none.
class Places {
 public:
  explicit Places(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  T* take(std::size_t count) {
    size_ = (size_ + 255) / 256 * 256;
    T* result = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + size_);
    size_ += count * sizeof(T);
    return result;
  }
  std::size_t size() const { return size_; }

 private:
  char* base_;
  std::size_t size_ = 0;
};

template <class Estimator>
Memory lay_out(const Batch& batch, Sampling sampling, void* workspace) {
  using Found = Model<float, Estimator::kModelSize>;
  constexpr int kPerSample = Estimator::kModelsPerSample;
  const auto num_pairs = static_cast<std::size_t>(batch.num_pairs);
  const auto num_matches = static_cast<std::size_t>(batch.num_matches);
  const auto slices = num_pairs * static_cast<std::size_t>(max_slices(batch.num_pairs, kPerSample));
  const std::size_t ordered = sampling == Sampling::prosac ? num_matches : 0;
  const std::size_t turned = sampling == Sampling::one_point ? num_matches : 0;
  Places places(workspace);
  Memory m{};
  for (float*& column : m.columns) column = places.take<float>(num_matches);
  for (float*& column : m.ordered) column = places.take<float>(ordered);
  for (float*& turn : m.turn) turn = places.take<float>(turned);
  m.growth = places.take<std::int32_t>(ordered);
  m.order_sizes = places.take<std::uint32_t>(1);
  m.whole_orders = places.take<std::int32_t>(2 * static_cast<std::size_t>(order_size(batch.max_matches)));
  m.orders = places.take<std::int32_t>(num_matches + 1);
  m.frames = places.take<Frame>(num_pairs);
  m.num_before = places.take<std::int32_t>(num_pairs);
  m.num_candidates = places.take<std::int32_t>(slices);
  m.affine_progress = places.take<Progress<Affine<float>>>(num_pairs);
  m.progress = places.take<Progress<Found>>(num_pairs);
  m.candidates = places.take<Candidate<Found>>(slices * kSlice * kPerSample);  // affine ones are no larger
  m.size = places.size();
  return m;
}

}  // namespace fastdct::ransac::device
