// Launches the matching kernels on CPU threads: one candidate is one piece of work.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include "common/aligned.h"
#include "common/cpu_level.h"
#include "common/parallel.h"
#include "matching/kernels.h"
#include "matching/match.h"
#include "matching/rows.h"

namespace fastdct::matching {

const Kernels& best_kernels() {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::kAvx512:
      return avx512::kernels;
    case CpuLevel::kAvx2:
      return avx2::kernels;
#endif
    default:
      return portable::kernels;
  }
}

namespace {

std::int64_t largest_candidate(const Shortlist& list) {
  std::int64_t largest = 0;
  for (std::int64_t p = 0; p < list.num_candidates; ++p) {
    largest = std::max(largest, list.offsets[p + 1] - list.offsets[p]);
  }
  return largest;
}

class Matcher {
 public:
  Matcher(const Shortlist& list, const Rules& rules, const Query& query)
      : list_(list), rules_(rules), query_(query), rows_(list.candidates, rules, largest_candidate(list)) {
    const auto lanes = static_cast<size_t>(query.packed().num_tiles) * kTile;
    const auto width = static_cast<size_t>(width_of(list.query));
    block_.reserve(round_up(width, kChunk) * kMaxBlock);
    for (auto& buffer : similarity_) buffer.reserve(lanes);
    for (auto& buffer : row_) buffer.reserve(lanes);
    nearest_query_.reserve(static_cast<size_t>(largest_candidate(list)));
    closest_.reserve(static_cast<size_t>(largest_candidate(list)));
  }

  // Returns the first bad row, or -1.
  std::int64_t match(std::int64_t candidate, const Found& found) {
    const std::int64_t first = list_.offsets[candidate], size = list_.offsets[candidate + 1] - first;
    std::int32_t* row = found.row + candidate * list_.query.size;
    float* distance = found.distance + candidate * list_.query.size;
    if (size == 0 || list_.query.size == 0) {
      std::fill_n(row, list_.query.size, -1);
      return -1;
    }
    const std::int64_t bad_row = rows_.take(first, size);
    if (bad_row >= 0) return bad_row;
    candidate_ = rows_.view(size);
    const Neighbours neighbours{{similarity_[0].data(), similarity_[1].data()},
                                {row_[0].data(), row_[1].data()},
                                nearest_query_.data()};
    best_kernels().find_neighbours({query_.packed(), candidate_, width_of(list_.query),
                                    rules_.max_ratio < std::numeric_limits<double>::infinity(), rules_.mutual,
                                    block_.data(), neighbours});
    for (std::int64_t i = 0; i < list_.query.size; ++i) row[i] = accepted(i, &distance[i]);
    if (rules_.one_to_one) keep_closest(row, distance);
    return -1;
  }

 private:
  std::int32_t accepted(std::int64_t i, float* distance) {
    const auto nearest = static_cast<std::int32_t>(row_[0].data()[i]);
    const auto second = static_cast<std::int32_t>(row_[1].data()[i]);
    if (rules_.mutual && nearest_query_.data()[nearest] != i) return -1;
    const double d = distance_between(i, nearest);
    *distance = static_cast<float>(d);
    if (!(d <= rules_.max_distance)) return -1;
    // A candidate with one descriptor has no second: it passes.
    const bool has_second = rules_.max_ratio < std::numeric_limits<double>::infinity() && second >= 0;
    if (has_second && !(d <= rules_.max_ratio * distance_between(i, second))) return -1;
    return nearest;
  }

  double distance_between(std::int64_t i, std::int64_t j) const {
    const CandidateRows query = query_.rows(list_.query.size);
    const std::int32_t width = width_of(list_.query);
    if (rules_.metric == Metric::hamming) {
      std::int64_t different = 0;
      for (std::int32_t w = 0; w < width; ++w) {
        different += __builtin_popcountll(query.words[i * width + w] ^ candidate_.words[j * width + w]);
      }
      return static_cast<double>(different);
    }
    const float *a = query.elements + i * width, *b = candidate_.elements + j * width;
    if (rules_.metric == Metric::inner_product) return 1.0 - best_kernels().inner_product(a, b, width);
    return std::sqrt(static_cast<double>(best_kernels().squared_distance(a, b, width)));
  }

  // Of the query rows matched to one candidate row, the nearest stays; of equals the first.
  void keep_closest(std::int32_t* row, const float* distance) {
    std::int64_t* closest = closest_.data();
    std::fill_n(closest, candidate_.size, std::int64_t{-1});
    for (std::int64_t i = 0; i < list_.query.size; ++i) {
      if (row[i] < 0) continue;
      std::int64_t& holder = closest[row[i]];
      if (holder >= 0 && distance[holder] <= distance[i]) {
        row[i] = -1;
        continue;
      }
      if (holder >= 0) row[holder] = -1;
      holder = i;
    }
  }

  const Shortlist& list_;
  const Rules& rules_;
  const Query& query_;
  Rows rows_;
  CandidateRows candidate_{};
  AlignedBuffer<float> block_, similarity_[2], row_[2];
  AlignedBuffer<std::int32_t> nearest_query_;
  AlignedBuffer<std::int64_t> closest_;
};

}  // namespace

BadRow match(const Shortlist& list, const Rules& rules, int num_threads, const Found& found) {
  const Query query(list.query, rules);
  if (query.bad_row() >= 0) return {true, query.bad_row()};
  if (list.num_candidates == 0) return {false, -1};
  const int workers_wanted = num_workers(list.num_candidates, num_threads);
  std::vector<Matcher> workers;
  workers.reserve(static_cast<size_t>(workers_wanted));
  for (int i = 0; i < workers_wanted; ++i) workers.emplace_back(list, rules, query);
  std::mutex mutex;
  std::int64_t bad_row = -1;
  parallel_for(list.num_candidates, workers_wanted, [&](int worker, std::int64_t candidate) {
    const std::int64_t bad = workers[static_cast<size_t>(worker)].match(candidate, found);
    if (bad < 0) return;
    const std::lock_guard<std::mutex> lock(mutex);
    bad_row = bad_row < 0 ? bad : std::min(bad_row, bad);
  });
  return {false, bad_row};
}

}  // namespace fastdct::matching
