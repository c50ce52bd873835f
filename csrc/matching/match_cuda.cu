// Each block folds a tile of similarities at once into the best of its own rows: kRows descriptors of one
// side against all of the other, which pass through shared memory kRows at a time. The query's neighbours and
// the candidates' are found by the same kernel with the sides changed: twice the products, but no atomics
// between blocks and nothing in memory but the answer.
#include <cuda_runtime.h>

#include <cmath>

#include "matching/match_cuda.h"
#include "matching/steps.h"

namespace fastdct::matching::cuda {
namespace {

constexpr int kRows = 32, kColumns = 32, kChunk = 32, kPerThread = 4;
constexpr int kThreads = kRows * kColumns / kPerThread;  // each sums four similarities of one row

// One side of the product: rows of one image.
struct Side {
  const float* rows;
  std::int32_t size;
};

__device__ void load_chunk(const Side& side, std::int32_t first, std::int32_t start, std::int32_t width,
                           float (&tile)[kRows][kChunk + 1]) {
  for (int at = static_cast<int>(threadIdx.x); at < kRows * kChunk; at += kThreads) {
    const std::int32_t row = first + at / kChunk, k = start + at % kChunk;
    tile[at / kChunk][at % kChunk] =
        row < side.size && k < width ? side.rows[std::int64_t{row} * width + k] : 0.0f;
  }
}

// Nearest (and second nearest, if wanted) of `others` for kRows of `own`, from `first` on.
__device__ void find(const Side& own, const Side& others, std::int32_t first, std::int32_t width,
                     bool inner_product, std::int32_t* nearest, std::int32_t* second) {
  __shared__ float own_tile[kRows][kChunk + 1], other_tile[kColumns][kChunk + 1], half_squares[kColumns];
  const int row = static_cast<int>(threadIdx.x) % kRows, group = static_cast<int>(threadIdx.x) / kRows;
  Best best = {-INFINITY, others.size}, runner_up = best;
  for (std::int32_t other = 0; other < others.size; other += kColumns) {
    float sum[kPerThread] = {};
    for (std::int32_t start = 0; start < width; start += kChunk) {
      __syncthreads();
      load_chunk(own, first, start, width, own_tile);
      load_chunk(others, other, start, width, other_tile);
      __syncthreads();
      const std::int32_t length = width - start < kChunk ? width - start : kChunk;
      for (std::int32_t k = 0; k < length; ++k) {
        for (int i = 0; i < kPerThread; ++i) {
          sum[i] = fused(own_tile[row][k], other_tile[group * kPerThread + i][k], sum[i]);
        }
      }
    }
    if (threadIdx.x < kColumns) {
      const std::int32_t at = other + static_cast<std::int32_t>(threadIdx.x);
      const bool there = at < others.size && !inner_product;
      half_squares[threadIdx.x] = there ? half_square(others.rows + std::int64_t{at} * width, width) : 0;
    }
    __syncthreads();
    for (int i = 0; i < kPerThread; ++i) {
      const std::int32_t at = other + group * kPerThread + i;
      if (at < others.size) improve(sum[i] - half_squares[group * kPerThread + i], at, &best, &runner_up);
    }
  }
  // The threads of one row put their bests together.
  __shared__ Best all[kThreads][2];
  __syncthreads();
  all[threadIdx.x][0] = best;
  all[threadIdx.x][1] = runner_up;
  __syncthreads();
  if (group != 0 || first + row >= own.size) return;
  for (int g = 1; g < kThreads / kRows; ++g) {
    for (const Best& one : all[g * kRows + row]) {
      if (one.index < others.size) improve(one.similarity, one.index, &best, &runner_up);
    }
  }
  nearest[first + row] = best.index < others.size ? best.index : -1;
  if (second != nullptr) second[first + row] = runner_up.index < others.size ? runner_up.index : -1;
}

__device__ Side candidate_of(const Shortlist& list, std::int64_t candidate) {
  const std::int64_t first = list.offsets[candidate], size = list.offsets[candidate + 1] - first;
  return {list.candidates + first * list.width, size > list.max_rows ? 0 : static_cast<std::int32_t>(size)};
}

__global__ void __launch_bounds__(kThreads)
    of_queries(Shortlist list, std::int32_t* nearest, std::int32_t* second) {
  const std::int64_t at = std::int64_t{blockIdx.y} * list.num_query;
  find({list.query, list.num_query}, candidate_of(list, blockIdx.y),
       static_cast<std::int32_t>(blockIdx.x) * kRows, list.width, list.inner_product, nearest + at,
       second + at);
}

__global__ void __launch_bounds__(kThreads) of_candidates(Shortlist list, std::int32_t* nearest_query) {
  const Side candidate = candidate_of(list, blockIdx.y);
  const auto first = static_cast<std::int32_t>(blockIdx.x) * kRows;
  if (first >= candidate.size) return;
  find(candidate, {list.query, list.num_query}, first, list.width, list.inner_product,
       nearest_query + list.offsets[blockIdx.y], nullptr);
}

unsigned blocks(std::int32_t rows) { return static_cast<unsigned>((rows + kRows - 1) / kRows); }

}  // namespace

const char* find_neighbours(const Shortlist& list, std::int32_t* nearest, std::int32_t* second,
                            std::int32_t* nearest_query, void* stream_handle) {
  if (list.num_candidates == 0 || list.num_query == 0) return nullptr;
  auto* const stream = static_cast<cudaStream_t>(stream_handle);
  const auto candidates = static_cast<unsigned>(list.num_candidates);
  of_queries<<<dim3(blocks(list.num_query), candidates), kThreads, 0, stream>>>(list, nearest, second);
  if (list.max_rows > 0) {
    of_candidates<<<dim3(blocks(list.max_rows), candidates), kThreads, 0, stream>>>(list, nearest_query);
  }
  const cudaError_t error = cudaPeekAtLastError();
  return error == cudaSuccess ? nullptr : cudaGetErrorString(error);
}

}  // namespace fastdct::matching::cuda
