// The search of a batch, in rounds of hypotheses. A round is three kernels: slices of it are made and scored
// by one thread block each, several for a pair; what these keep is optimised, sixteen threads each; one
// thread a pair takes in order what the search takes (slices.h) and says where it ends, after which the
// blocks of later rounds return at once. Their number is fixed by max_iterations, and nothing is read back in
// between.
//
// `Launch` is a GPU's stream or the host that plays one: launch(kernel, x, y) runs a grid of blocks
// (block.h), launch.zero(memory, bytes) fills memory.
#pragma once
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "ransac/device/candidates.h"
#include "ransac/device/finish.h"
#include "ransac/device/prepare.h"
#include "ransac/device/propose.h"

namespace fastdct::ransac::device {

template <class Launch, class Estimator>
class Search {
 public:
  using Progress = ransac::Progress<Model<float, Estimator::kModelSize>>;

  Search(const Launch& launch, const Task& task, const Estimator& estimator, Progress* progress)
      : launch_(launch), task_(task), estimator_(estimator), progress_(progress) {}

  void prepare() const {
    launch_.zero(task_.memory.order_sizes, sizeof *task_.memory.order_sizes);
    launch_(FindOrderSizes{task_}, pair_blocks(), 1);
    launch_(DrawOrders{task_}, 31, 1);
    launch_(Prepare<Estimator>{task_, progress_}, num_pairs(), 1);
  }

  void run() const {
    const SearchOptions& options = task_.options;
    std::int32_t most = options.budget.max_iterations;
    if (options.sampling == Sampling::one_point) most = std::min(most, task_.batch.max_matches);
    if (options.sampling == Sampling::prosac) launch_(ListGrowth<Estimator>{task_}, pair_blocks(), 1);
    for (std::int32_t drawn = 0, length; drawn < most; drawn += length) {
      length =
          std::min(round_length(task_.batch.num_pairs, Estimator::kModelsPerSample, drawn), most - drawn);
      round(drawn, (length + kSlice - 1) / kSlice);
    }
  }

  void finish(const Results& results) const {
    launch_(Finish<Estimator>{task_, estimator_, progress_, results}, num_pairs(), 1);
  }

 private:
  void round(std::int32_t first, std::int32_t slices) const {
    const Sampling sampling = task_.options.sampling;
    if (sampling == Sampling::uniform) propose<Sampling::uniform>(first, slices);
    if (sampling == Sampling::prosac) propose<Sampling::prosac>(first, slices);
    if constexpr (Estimator::kModelSize == 6) {
      if (sampling == Sampling::one_point) propose<Sampling::one_point>(first, slices);
    }
    launch_(OptimiseCandidates<Estimator>{task_, estimator_, slices}, num_pairs(),
            static_cast<std::uint32_t>(slices));
    launch_(ScanCandidates<Estimator>{task_, progress_, slices}, pair_blocks(), 1);
  }

  template <Sampling kSampling>
  void propose(std::int32_t first, std::int32_t slices) const {
    launch_(Propose<Estimator, kSampling>{task_, estimator_, progress_, first, slices}, num_pairs(),
            static_cast<std::uint32_t>(slices));
  }

  std::uint32_t num_pairs() const { return static_cast<std::uint32_t>(task_.batch.num_pairs); }
  std::uint32_t pair_blocks() const { return (num_pairs() + kWarp - 1) / kWarp; }

  const Launch& launch_;
  const Task& task_;
  Estimator estimator_;
  Progress* progress_;
};

template <class Estimator, class Launch>
void verify(const Launch& launch, const Batch& batch, const Estimator& estimator,
            const SearchOptions& options, void* workspace, const Results& results) {
  if (batch.num_pairs == 0) return;
  const Memory memory = lay_out<Estimator>(batch, options.sampling, workspace);
  const Task task{batch, memory, options, Estimator::kSampleSize};
  auto* progress = static_cast<Progress<Model<float, Estimator::kModelSize>>*>(memory.progress);
  const Search<Launch, Estimator> search(launch, task, estimator, progress);
  if constexpr (std::is_same_v<Estimator, HomographyEstimator>) {
    auto* affine = static_cast<Progress<Affine<float>>*>(memory.affine_progress);
    const Search<Launch, AffineEstimator> first(launch, task, {options.bounds}, affine);
    first.prepare();
    first.run();
    launch(StartHomography{task, estimator, affine, progress}, static_cast<std::uint32_t>(batch.num_pairs),
           1);
    if (options.sampling != Sampling::one_point) search.run();
  } else {
    search.prepare();
    search.run();
  }
  search.finish(results);
}

}  // namespace fastdct::ransac::device
