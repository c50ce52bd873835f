// What becomes of the candidates: all are optimised, and those that the search takes are taken in order.
#pragma once
#include <cstdint>

#include "ransac/device/prepare.h"
#include "ransac/steps.h"

namespace fastdct::ransac::device {

FASTDCT_HD Start start_of(Sampling sampling) {  // copies, which the device has
  if (sampling == Sampling::one_point) return {kStartFromOnePoint.radius, kStartFromOnePoint.num_rounds};
  return {kStartFromSample.radius, kStartFromSample.num_rounds};
}

// A grid of pairs x slices, sixteen threads a candidate.
template <class Estimator>
struct OptimiseCandidates {
  static constexpr int kThreads = device::kThreads;
  using Model = ransac::Model<float, Estimator::kModelSize>;
  struct Shared {};
  Task task;
  Estimator estimator;
  std::int32_t slices;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared*) const {
    const std::int64_t list = std::int64_t{block.x()} * slices + block.y();
    const std::int32_t count = task.memory.num_candidates[list];
    if (count == 0) return;
    const PairView view = view_of(task, block.x());
    auto* candidates =
        static_cast<Candidate<Model>*>(task.memory.candidates) + list * kSlice * Estimator::kModelsPerSample;
    block.template each_group<kSearchLanes>([&](const auto& group, std::int32_t number) {
      const GroupFitter<Estimator, std::decay_t<decltype(group)>> fitter(group, estimator, view.columns);
      for (std::int32_t i = number; i < count; i += kThreads / kSearchLanes) {
        const Fit<Model> fit =
            fitter.optimise(candidates[i].hypothesis.model, start_of(task.options.sampling));
        if (group.leads()) candidates[i].fit = fit;
      }
    });
  }
};

// A thread a pair.
template <class Estimator>
struct ScanCandidates {
  static constexpr int kThreads = kWarp;
  using Model = ransac::Model<float, Estimator::kModelSize>;
  struct Shared {};
  Task task;
  Progress<Model>* progress;
  std::int32_t slices;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared*) const {
    block.each_thread([&](std::int32_t thread) {
      const std::int32_t pair = block.x() * kThreads + thread;
      if (pair < task.batch.num_pairs) scan_pair(pair);
    });
  }

 private:
  FASTDCT_HD void scan_pair(std::int32_t pair) const {
    Progress<Model> so_far = progress[pair];
    const std::int32_t compared = num_compared<Estimator>(view_of(task, pair).size);
    const bool drawn = task.options.sampling != Sampling::one_point;  // else every hypothesis is looked at
    const auto probability = [&](std::int32_t num_inliers) {
      return drawn ? sample_probability(Estimator::kSampleSize, num_inliers, compared) : 0;
    };
    const auto* candidates = static_cast<const Candidate<Model>*>(task.memory.candidates);
    for (std::int32_t slice = 0; slice < slices; ++slice) {
      const std::int64_t list = std::int64_t{pair} * slices + slice;
      scan(candidates + list * kSlice * Estimator::kModelsPerSample, task.memory.num_candidates[list],
           probability, &so_far);
    }
    progress[pair] = so_far;
  }
};

// From a pair's best affine map to the start of its search for a homography (search_body.inc); sixteen
// threads a pair.
struct StartHomography {
  static constexpr int kThreads = kSearchLanes;
  struct Shared {};
  Task task;
  HomographyEstimator estimator;
  const Progress<Affine<float>>* affine;
  Progress<Homography<float>>* progress;

  template <class Block>
  FASTDCT_HD void run(const Block& block, Shared*) const {
    const std::int32_t pair = block.x();
    const PairView view = view_of(task, pair);
    const Fit<Affine<float>> found = affine[pair].result();
    block.template each_group<kSearchLanes>([&](const auto& group, std::int32_t) {
      const GroupFitter<HomographyEstimator, std::decay_t<decltype(group)>> fitter(group, estimator,
                                                                                   view.columns);
      Fit<Homography<float>> fit{};
      if (found.support.score > 0) {
        const Affine<float>& m = found.model;
        fit = fitter.optimise({{m[0], m[1], m[2], m[3], m[4], m[5], 0, 0}}, start_of(Sampling::uniform));
      }
      if (group.leads()) start(pair, view, found.num_iterations, fit);
    });
  }

 private:
  FASTDCT_HD void start(std::int32_t pair, const PairView& view, std::int32_t num_before,
                        const Fit<Homography<float>>& fit) const {
    const bool drawn = task.options.sampling != Sampling::one_point && !view.skipped;
    const std::int32_t compared = num_compared<HomographyEstimator>(view.size);
    const double probability =
        sample_probability(HomographyEstimator::kSampleSize, fit.support.num_inliers, compared);
    const Budget& budget = task.options.budget;
    progress[pair].start({drawn ? budget.max_iterations : 0, budget.confidence}, fit, probability);
    task.memory.num_before[pair] = num_before;
  }
};

}  // namespace fastdct::ransac::device
