// Makes and scores one slice of a pair's hypotheses and keeps the candidates (slices.h).
#pragma once
#include <cstdint>

#include "ransac/device/prepare.h"
#include "ransac/solve_sample.h"
#include "ransac/steps.h"

namespace fastdct::ransac::device {

// Hypotheses of one index, as the samplers of samplers_lanes.h make them; how many.
template <Sampling kSampling, class Estimator>
FASTDCT_HD int make_hypotheses(const Estimator& estimator, const PairView& view, std::uint64_t seed,
                               std::int32_t index, Model<float, Estimator::kModelSize>* models) {
  constexpr int kSize = Estimator::kSampleSize;
  if constexpr (kSampling == Sampling::one_point) {
    return solve_one_point(view.columns[index], view.turn[0][index], view.turn[1][index], estimator.bounds,
                           models);
  } else {
    std::int32_t position[kSize];
    const auto number = static_cast<std::uint32_t>(index);
    if constexpr (kSampling == Sampling::prosac) {
      const std::int32_t prefix = prefix_at<kSize>(view.growth, view.size, index);
      draw_from_prefix<kSize>(seed, number, prefix, view.size, position);
      return solve_sample(estimator, view.ordered, position, models);
    } else {
      draw_sample<kSize>(seed, number, view.size, position);
      return solve_sample(estimator, view.columns, position, models);
    }
  }
}

// A grid of pairs x slices, in this order since CUDA takes 2^16 - 1 of the latter at most. 128 hypotheses at
// a time are made by a thread each; those to be tried are scored by a warp each.
template <class Estimator, Sampling kSampling>
struct Propose {
  static constexpr int kThreads = device::kThreads, kPerSample = Estimator::kModelsPerSample;
  static constexpr int kGroups = kThreads / kWarp;
  using Model = ransac::Model<float, Estimator::kModelSize>;
  struct Shared {
    Model model[kThreads * kPerSample];  // of each thread, kPerSample
    std::int32_t num_made[kThreads];
    std::int32_t listed[kThreads * kPerSample];  // those made, in order
    std::int64_t score[kThreads * kPerSample];   // of those listed
    std::int32_t num_listed, num_candidates;
    SliceFloor floor;
  };
  Task task;
  Estimator estimator;
  const Progress<Model>* progress;
  std::int32_t first, slices;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared* shared) const {
    const std::int32_t pair = block.x(), begin = first + block.y() * kSlice;
    const std::int64_t list = std::int64_t{pair} * slices + block.y();
    const std::int32_t limit = progress[pair].limit();
    const std::int32_t end = begin + kSlice < limit ? begin + kSlice : limit;
    block.one_thread([&] {
      shared->num_candidates = 0;
      shared->floor.start();
      task.memory.num_candidates[list] = 0;
    });
    if (begin >= end) return;
    const PairView view = view_of(task, pair);
    auto* candidates = static_cast<Candidate<Model>*>(task.memory.candidates) + list * kSlice * kPerSample;
    for (std::int32_t start = begin; start < end; start += kThreads) {
      block.each_thread([&](std::int32_t thread) { make(view, start + thread, end, thread, shared); });
      block.each_thread([&](std::int32_t thread) { enlist(thread, shared); });
      block.template each_group<kWarp>(
          [&](const auto& group, std::int32_t number) { score(group, view, number, shared); });
      block.one_thread([&] { keep(start, candidates, shared); });
    }
    block.one_thread([&] { task.memory.num_candidates[list] = shared->num_candidates; });
  }

 private:
  FASTDCT_HD void make(const PairView& view, std::int32_t index, std::int32_t end, std::int32_t thread,
                       Shared* shared) const {
    Model models[kPerSample];
    int count = 0;
    if (index < end) {
      count = make_hypotheses<kSampling>(estimator, view, task.options.seed, index, models);
    }
    for (int i = 0; i < count; ++i) shared->model[kPerSample * thread + i] = models[i];
    shared->num_made[thread] = count;
  }

  FASTDCT_HD void enlist(std::int32_t thread, Shared* shared) const {
    std::int32_t at = 0;
    for (std::int32_t t = 0; t < thread; ++t) at += shared->num_made[t];
    const std::int32_t count = shared->num_made[thread];
    for (std::int32_t i = 0; i < count; ++i) shared->listed[at + i] = kPerSample * thread + i;
    if (thread == kThreads - 1) shared->num_listed = at + count;
  }

  template <class Group>
  FASTDCT_HD void score(const Group& group, const PairView& view, std::int32_t number, Shared* shared) const {
    const Columns compared = view.columns.first(num_compared<Estimator>(view.size));
    constexpr float kSlack = kSampling == Sampling::one_point ? kOnePointSlack : 1;
    for (std::int32_t s = number; s < shared->num_listed; s += kGroups) {
      const Model model = shared->model[shared->listed[s]];
      const std::int64_t found = score_of(group, estimator, compared, model, 1 / (kSlack * kSlack));
      if (group.leads()) shared->score[s] = found;
    }
  }

  FASTDCT_HD void keep(std::int32_t start, Candidate<Model>* candidates, Shared* shared) const {
    for (std::int32_t s = 0; s < shared->num_listed; ++s) {
      if (!shared->floor.keeps(shared->score[s])) continue;
      const std::int32_t made = shared->listed[s];
      candidates[shared->num_candidates++].hypothesis = {shared->model[made], shared->score[s],
                                                         start + made / kPerSample};
    }
  }
};

}  // namespace fastdct::ransac::device
