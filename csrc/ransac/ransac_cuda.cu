// The GPU's search, in rounds of hypotheses. A round is three kernels: slices of it are made and scored by
// one thread block each, several for a pair; what these keep is optimised, sixteen threads each; one thread a
// pair takes in order what the search takes (slices.h) and says where it ends, after which the blocks of
// later rounds return at once. Rounds grow, so that easy pairs cost little; their number is fixed by
// max_iterations, and nothing is read back in between.
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ransac/middle.h"
#include "ransac/polish_steps.h"
#include "ransac/ransac_cuda.h"
#include "ransac/slices.h"

namespace fastdct::ransac::cuda {
namespace {

constexpr int kThreads = 128, kWarp = 32, kWarps = kThreads / kWarp;
constexpr std::int32_t kSlice = 512;                       // hypotheses of one block
constexpr std::int32_t kFirstRound = 1024;                 // hypotheses of each pair
constexpr std::int64_t kMaxRound = std::int64_t{1} << 20;  // of all pairs together, which bounds the memory

using Linear = Model<float, 6>;

std::int32_t round_length(std::int32_t num_pairs, std::int32_t drawn) {
  const std::int64_t most =
      std::max<std::int64_t>(kSlice, kMaxRound / std::max(num_pairs, 1) / kSlice * kSlice);
  return static_cast<std::int32_t>(
      std::min<std::int64_t>(most, drawn == 0 ? kFirstRound : 3 * std::int64_t{drawn}));
}

std::int32_t max_slices(std::int32_t num_pairs) {
  return static_cast<std::int32_t>(
      std::max<std::int64_t>(kFirstRound / kSlice, kMaxRound / std::max(num_pairs, 1) / kSlice) + 1);
}

// Working memory, laid out in one piece.
struct Memory {
  float* columns[4];              // [K] each, the matches of a pair in random order
  std::uint32_t* order_sizes;     // a bit for each that some pair needs
  std::int32_t* whole_orders;     // as Workspace has them (problem.h)
  std::int32_t* orders;           // [K]
  Frame* frames;                  // [P]
  Progress<Linear>* progress;     // [P]
  std::int32_t* num_candidates;   // [P, max_slices]
  Candidate<Linear>* candidates;  // [P, max_slices, kSlice]
  std::size_t size;
};

template <class T>
T* place(char* base, std::size_t* at, std::size_t count) {
  *at = (*at + 255) / 256 * 256;
  T* result = base == nullptr ? nullptr : reinterpret_cast<T*>(base + *at);
  *at += count * sizeof(T);
  return result;
}

Memory lay_out(const Batch& batch, void* workspace) {
  char* base = static_cast<char*>(workspace);
  const auto num_pairs = static_cast<std::size_t>(batch.num_pairs);
  const auto num_matches = static_cast<std::size_t>(batch.num_matches);
  const auto slices = num_pairs * static_cast<std::size_t>(max_slices(batch.num_pairs));
  Memory m{};
  for (float*& column : m.columns) column = place<float>(base, &m.size, num_matches);
  m.whole_orders =
      place<std::int32_t>(base, &m.size, 2 * static_cast<std::size_t>(order_size(batch.max_matches)));
  m.orders = place<std::int32_t>(base, &m.size, num_matches + 1);
  m.frames = place<Frame>(base, &m.size, num_pairs);
  m.progress = place<Progress<Linear>>(base, &m.size, num_pairs);
  m.num_candidates = place<std::int32_t>(base, &m.size, slices);
  m.candidates = place<Candidate<Linear>>(base, &m.size, slices * kSlice);
  return m;
}

struct View {
  std::int32_t size;
  bool skipped;  // nothing can be found, or the caller said that no pair is so large
  Matches matches;
  Columns columns;
};

__device__ View view_of(const Batch& batch, const Memory& memory, std::int32_t pair, int sample_size) {
  const std::int64_t first = batch.offsets[pair];
  View view;
  view.size = static_cast<std::int32_t>(batch.offsets[pair + 1] - first);
  view.skipped = view.size <= sample_size || view.size > batch.max_matches;
  view.matches = {batch.source + 2 * first, batch.target + 2 * first, view.size};
  for (int k = 0; k < 4; ++k) view.columns.column[k] = memory.columns[k] + first;
  view.columns.size = view.size;
  return view;
}

__global__ void find_order_sizes(Batch batch, std::uint32_t* sizes) {
  const auto pair = static_cast<std::int32_t>(blockIdx.x * blockDim.x + threadIdx.x);
  if (pair >= batch.num_pairs) return;
  const std::int64_t size = batch.offsets[pair + 1] - batch.offsets[pair];
  if (size > 0 && size <= batch.max_matches) {
    atomicOr(sizes, static_cast<std::uint32_t>(order_size(static_cast<std::int32_t>(size))));
  }
}

// One block a power of two. Drawing is one thing after another, so it is done where memory is near.
constexpr std::int32_t kMaxSharedOrder = 8192;

__global__ void draw_orders(std::uint64_t seed, const std::uint32_t* sizes, std::int32_t* whole_orders) {
  __shared__ std::int32_t near_order[kMaxSharedOrder];
  const std::int32_t size = 1 << blockIdx.x;
  if ((*sizes & static_cast<std::uint32_t>(size)) == 0) return;
  std::int32_t* order = size <= kMaxSharedOrder ? near_order : whole_orders + size;
  if (threadIdx.x == 0) draw_order(seed, size, order);
  __syncthreads();
  if (order != near_order) return;
  for (std::int32_t i = static_cast<std::int32_t>(threadIdx.x); i < size; i += blockDim.x) {
    whole_orders[size + i] = near_order[i];
  }
}

template <class Estimator>
__global__ void prepare(Batch batch, Memory memory, Budget budget) {
  const auto pair = static_cast<std::int32_t>(blockIdx.x);
  const View view = view_of(batch, memory, pair, Estimator::kSampleSize);
  __shared__ double centre[4];
  std::int32_t* order = memory.orders + batch.offsets[pair];
  if (threadIdx.x == 0) {
    memory.progress[pair].start({view.skipped ? 0 : budget.max_iterations, budget.confidence}, {}, 0);
  }
  if (view.skipped) return;
  const double* coordinates[4] = {view.matches.source, view.matches.source + 1, view.matches.target,
                                  view.matches.target + 1};
  if (threadIdx.x < 4) centre[threadIdx.x] = middle(coordinates[threadIdx.x], view.size);
  if (threadIdx.x == 4) {
    const std::int32_t whole = order_size(view.size);
    std::int32_t count = 0;
    for (std::int32_t i = 0; i < whole; ++i) {
      const std::int32_t entry = memory.whole_orders[whole + i];
      if (entry < view.size) order[count++] = entry;
    }
  }
  __syncthreads();
  const double scale = static_cast<double>(kErrorSteps) / batch.max_error[pair];
  if (threadIdx.x == 0) memory.frames[pair] = {{centre[0], centre[1], centre[2], centre[3]}, scale};
  for (int k = 0; k < 4; ++k) {
    for (std::int32_t i = static_cast<std::int32_t>(threadIdx.x); i < view.size; i += blockDim.x) {
      view.columns.column[k][i] =
          to_search_coordinate(coordinates[k][2 * std::int64_t{order[i]}], centre[k], scale);
    }
  }
}

// Hypotheses kept by the threads of a block, in the order of their index.
struct Survivors {
  Linear model[kThreads];
  std::int32_t index[kThreads];
  std::int64_t score[kThreads];
  std::int32_t warp_count[kWarps];
  std::int32_t count;
};

__device__ void compact(bool tried, const Linear& model, std::int32_t index, Survivors* survivors) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  const unsigned chosen = __ballot_sync(~0u, tried);
  if (lane == 0) survivors->warp_count[warp] = __popc(chosen);
  __syncthreads();
  std::int32_t at = __popc(chosen & ((1u << lane) - 1));
  for (int w = 0; w < warp; ++w) at += survivors->warp_count[w];
  if (tried) {
    survivors->model[at] = model;
    survivors->index[at] = index;
  }
  if (threadIdx.x == kThreads - 1) survivors->count = at + (tried ? 1 : 0);
  __syncthreads();
}

// Makes and scores one slice of a pair's hypotheses and keeps the candidates.
template <class Estimator>
__global__ void __launch_bounds__(kThreads)
    propose(Batch batch, Memory memory, Estimator estimator, std::uint64_t seed, std::int32_t first,
            std::int32_t slices) {
  const auto pair = static_cast<std::int32_t>(blockIdx.y), slice = static_cast<std::int32_t>(blockIdx.x);
  const std::int64_t list = std::int64_t{pair} * slices + slice;
  const std::int32_t begin = first + slice * kSlice;
  const std::int32_t limit = memory.progress[pair].limit();
  const std::int32_t end = begin + kSlice < limit ? begin + kSlice : limit;
  if (threadIdx.x == 0) memory.num_candidates[list] = 0;
  if (begin >= end) return;
  const View view = view_of(batch, memory, pair, Estimator::kSampleSize);
  Candidate<Linear>* candidates = memory.candidates + list * kSlice;
  __shared__ Survivors survivors;
  const Columns compared = view.columns.first(num_compared<Estimator>(view.size));
  SliceFloor floor;  // of thread 0
  std::int32_t num_candidates = 0;
  const WarpGroup<kWarp> warp;
  for (std::int32_t start = begin; start < end; start += kThreads) {
    const std::int32_t index = start + static_cast<std::int32_t>(threadIdx.x);
    Linear model{};
    const bool tried = index < end && make_hypothesis(estimator, view.columns, seed, index, &model);
    compact(tried, model, index, &survivors);
    for (std::int32_t s = static_cast<std::int32_t>(threadIdx.x) / kWarp; s < survivors.count; s += kWarps) {
      const Support support = support_of(warp, estimator, compared, survivors.model[s]);
      if (warp.lane == 0) survivors.score[s] = support.score;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      for (std::int32_t s = 0; s < survivors.count; ++s) {
        if (!floor.keeps(survivors.score[s])) continue;
        candidates[num_candidates++].hypothesis = {survivors.model[s], survivors.score[s],
                                                   survivors.index[s]};
      }
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) memory.num_candidates[list] = num_candidates;
}

template <class Estimator>
__global__ void __launch_bounds__(kThreads)
    optimise_candidates(Batch batch, Memory memory, Estimator estimator, std::int32_t slices) {
  const auto pair = static_cast<std::int32_t>(blockIdx.y), slice = static_cast<std::int32_t>(blockIdx.x);
  const std::int64_t list = std::int64_t{pair} * slices + slice;
  const std::int32_t count = memory.num_candidates[list];
  if (count == 0) return;
  const View view = view_of(batch, memory, pair, Estimator::kSampleSize);
  const GroupFitter<Estimator, WarpGroup<kSearchLanes>> fitter({}, estimator, view.columns);
  for (std::int32_t i = static_cast<std::int32_t>(threadIdx.x) / kSearchLanes; i < count;
       i += kThreads / kSearchLanes) {
    Candidate<Linear>* candidate = memory.candidates + list * kSlice + i;
    const Start start = {kStartFromSample.radius, kStartFromSample.num_rounds};  // a copy that the device has
    const Fit<Linear> fit = fitter.optimise(candidate->hypothesis.model, start);
    if (threadIdx.x % kSearchLanes == 0) candidate->fit = fit;
  }
}

template <class Estimator>
__global__ void scan_candidates(Batch batch, Memory memory, std::int32_t slices) {
  const auto pair = static_cast<std::int32_t>(blockIdx.x * blockDim.x + threadIdx.x);
  if (pair >= batch.num_pairs) return;
  Progress<Linear> progress = memory.progress[pair];
  const auto size = static_cast<std::int32_t>(batch.offsets[pair + 1] - batch.offsets[pair]);
  const std::int32_t compared = num_compared<Estimator>(size);
  for (std::int32_t slice = 0; slice < slices; ++slice) {
    const std::int64_t list = std::int64_t{pair} * slices + slice;
    scan<Estimator>(memory.candidates + list * kSlice, memory.num_candidates[list], compared, &progress);
  }
  memory.progress[pair] = progress;
}

__device__ bool same_point(const double* points, std::int32_t i, std::int32_t j) {
  return points[2 * std::int64_t{i}] == points[2 * std::int64_t{j}] &&
         points[2 * std::int64_t{i} + 1] == points[2 * std::int64_t{j} + 1];
}

// Greedily, as one_to_one.h: the best of those left is taken, and what shares a keypoint with it is struck
// out. The marks are 1 inlier, 2 struck out or taken.
template <class Estimator>
__device__ std::int32_t count_one_to_one(const WarpGroup<kWarp>& warp, const Estimator& estimator,
                                         const Matches& matches, const Matrix& matrix, std::uint8_t* mark) {
  for (std::int32_t taken = 0;; ++taken) {
    double best = HUGE_VAL;
    std::int32_t at = matches.size;
    for (std::int32_t i = warp.lane; i < matches.size; i += kWarp) {
      if (mark[i] != 1) continue;
      const double squared = squared_error(estimator, matrix, matches[i]);
      if (squared < best) best = squared, at = i;
    }
    for (int half = kWarp / 2; half > 0; half /= 2) {
      const double other = __shfl_xor_sync(~0u, best, half);
      const std::int32_t other_at = __shfl_xor_sync(~0u, at, half);
      if (other < best || (other == best && other_at < at)) best = other, at = other_at;
    }
    if (at == matches.size) return taken;
    for (std::int32_t i = warp.lane; i < matches.size; i += kWarp) {
      const bool shares = same_point(matches.source, i, at) || same_point(matches.target, i, at);
      if (mark[i] == 1 && shares) mark[i] = 2;
    }
    __syncwarp();
  }
}

// One warp a pair: polishes (eight of its threads count, four times over) and writes the results.
template <class Estimator>
__global__ void __launch_bounds__(kWarp)
    finish(Batch batch, Memory memory, Estimator estimator, Results results) {
  const auto pair = static_cast<std::int32_t>(blockIdx.x);
  const View view = view_of(batch, memory, pair, Estimator::kSampleSize);
  const Fit<Linear> fit = memory.progress[pair].result();
  __shared__ Fit<Linear> refined;
  const WarpGroup<kWarp> warp;
  std::uint8_t* mark = results.inlier_mask + batch.offsets[pair];
  const bool found = !view.skipped && fit.support.score > 0;
  PolishRound<Estimator> polished{};
  const double bound = batch.max_error[pair] * batch.max_error[pair];
  if (found) {
    // One group of the warp, since refining moves matches about.
    if (threadIdx.x < kSearchLanes) {
      const GroupFitter<Estimator, WarpGroup<kSearchLanes>> fitter({}, estimator, view.columns);
      const Fit<Linear> best = refine(fitter, fit);
      if (threadIdx.x == 0) refined = best;
    }
    __syncwarp();
    polished = polish(WarpGroup<kPolishLanes>(), estimator, view.matches, memory.frames[pair],
                      batch.max_error[pair], refined.model);
  }
  for (std::int32_t i = warp.lane; i < view.size; i += kWarp) {
    double squared;
    mark[i] = found && is_inlier(estimator, polished.matrix, view.matches[i], bound, &squared) ? 1 : 0;
  }
  __syncwarp();
  const std::int32_t one_to_one =
      found ? count_one_to_one(warp, estimator, view.matches, polished.matrix, mark) : 0;
  for (std::int32_t i = warp.lane; i < view.size; i += kWarp) mark[i] = mark[i] != 0;
  for (int k = warp.lane; k < 6; k += kWarp) results.model[6 * pair + k] = found ? polished.matrix[k] : NAN;
  if (warp.lane != 0) return;
  results.num_inliers[pair] = polished.support.num_inliers;
  results.num_one_to_one[pair] = one_to_one;
  results.score[pair] = static_cast<double>(polished.support.score) / static_cast<double>(kScoreOne);
  results.num_iterations[pair] = view.skipped ? 0 : fit.num_iterations;
}

template <class Estimator>
const char* verify(const Batch& batch, const Estimator& estimator, const SearchOptions& options,
                   void* workspace, const Results& results, void* stream_handle) {
  if (batch.num_pairs == 0) return nullptr;
  auto* const stream = static_cast<cudaStream_t>(stream_handle);
  const Memory memory = lay_out(batch, workspace);
  const auto num_pairs = static_cast<unsigned>(batch.num_pairs);
  const unsigned pair_blocks = (num_pairs + kWarp - 1) / kWarp;
  cudaMemsetAsync(memory.order_sizes, 0, sizeof *memory.order_sizes, stream);
  find_order_sizes<<<pair_blocks, kWarp, 0, stream>>>(batch, memory.order_sizes);
  draw_orders<<<31, kThreads, 0, stream>>>(options.seed, memory.order_sizes, memory.whole_orders);
  prepare<Estimator><<<num_pairs, kThreads, 0, stream>>>(batch, memory, options.budget);
  for (std::int32_t drawn = 0, length; drawn < options.budget.max_iterations; drawn += length) {
    length = std::min(round_length(batch.num_pairs, drawn), options.budget.max_iterations - drawn);
    const std::int32_t slices = (length + kSlice - 1) / kSlice;
    const dim3 grid(static_cast<unsigned>(slices), num_pairs);
    propose<<<grid, kThreads, 0, stream>>>(batch, memory, estimator, options.seed, drawn, slices);
    optimise_candidates<<<grid, kThreads, 0, stream>>>(batch, memory, estimator, slices);
    scan_candidates<Estimator><<<pair_blocks, kWarp, 0, stream>>>(batch, memory, slices);
    if (length > std::numeric_limits<std::int32_t>::max() - drawn) break;
  }
  finish<<<num_pairs, kWarp, 0, stream>>>(batch, memory, estimator, results);
  const cudaError_t error = cudaPeekAtLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace

std::size_t workspace_size(const Batch& batch) { return lay_out(batch, nullptr).size; }

const char* verify_affine(const Batch& batch, const SearchOptions& options, void* workspace,
                          const Results& results, void* stream) {
  return verify(batch, AffineEstimator{options.bounds}, options, workspace, results, stream);
}

const char* verify_similarity(const Batch& batch, const SearchOptions& options, void* workspace,
                              const Results& results, void* stream) {
  return verify(batch, SimilarityEstimator{{options.bounds}}, options, workspace, results, stream);
}

}  // namespace fastdct::ransac::cuda
