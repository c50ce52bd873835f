#include "dct/device/horizontal.h"
#include "dct/device/resample_cuda.h"
#include "dct/device/vertical.h"

namespace fastdct::dct::device {
namespace {

// Three launches a chunk, over all of its pictures.

__global__ void make_weights(const __grid_constant__ ResampleTask task) {
  make_output_weights(task, blockIdx.x, static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x));
}

// Four thread blocks a multiprocessor: the 64 registers that a thread then has are what a pass needs.
template <class Pass>
__global__ void __launch_bounds__(kThreads, 4) run_pass(const __grid_constant__ ResampleTask task) {
  using Tile = typename Pass::PassTile;
  __shared__ Tile tile;
  const auto thread = static_cast<int>(threadIdx.x);
  const Pass pass(task, blockIdx.x);
  float sums[Pass::kMaxPlanes][kBlockSide] = {};
  FASTDCT_UNROLL
  for (int plane = 0; plane < Pass::kMaxPlanes; ++plane) {
    if (plane >= pass.num_planes()) break;
    const Walk walk = pass.walk(plane);
    const int num_steps = walk.num_steps<Tile>();
    for (int step = 0; step < num_steps; ++step) {
      pass.load(plane, walk, step, thread, &tile);
      __syncthreads();
      walk.add(step, thread, tile, sums[plane]);
      __syncthreads();
    }
  }
  pass.finish(thread, sums);
}

template <class Pass>
cudaError_t launch_pass(const ResampleTask& task, uint32_t num_thread_blocks, cudaStream_t stream) {
  if (num_thread_blocks == 0) return cudaSuccess;
  run_pass<Pass><<<num_thread_blocks, kThreads, 0, stream>>>(task);
  return cudaGetLastError();
}

cudaError_t launch_weights(const ResampleTask& task, cudaStream_t stream) {
  if (task.chunk.num_axes == 0) return cudaSuccess;
  const dim3 grid(task.chunk.num_axes, (task.chunk.max_outputs + kThreads - 1) / kThreads);
  make_weights<<<grid, kThreads, 0, stream>>>(task);
  return cudaGetLastError();
}

cudaError_t launch_chunk(const ResampleTask& task, cudaStream_t stream) {
  cudaError_t error = launch_weights(task, stream);
  if (error == cudaSuccess) error = launch_pass<HorizontalPass>(task, task.chunk.num_horizontal, stream);
  if (error != cudaSuccess) return error;
  const auto vertical =
      task.assembly.is_rgb ? launch_pass<VerticalPass<true>> : launch_pass<VerticalPass<false>>;
  return vertical(task, task.chunk.num_vertical, stream);
}

__global__ void __launch_bounds__(FrequencyTile::kThreads)
    turn_planes(const __grid_constant__ FrequencyTask task) {
  __shared__ FrequencyTile::Shared shared;
  const FrequencyTile tile(task, blockIdx.x);
  tile.load(static_cast<int>(threadIdx.x), &shared);
  __syncthreads();
  tile.store(static_cast<int>(threadIdx.x), shared);
}

__global__ void zero(int16_t* coefficients, uint64_t count, int num_frequencies) {
  const uint64_t stride = uint64_t{gridDim.x} * blockDim.x;
  for (uint64_t i = uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride)
    zero_frequency(i, num_frequencies, coefficients);
}

}  // namespace

cudaError_t resample_cuda(const ResampleLaunch& launch, const ResampleChunk* chunks,
                          const ResampleMemory& memory, cudaStream_t stream) {
  for (uint64_t i = 0; i < launch.num_chunks; ++i) {
    const cudaError_t error = launch_chunk(task_of(launch, chunks[i], memory), stream);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t frequency_planes_cuda(const FrequencyTask& task, cudaStream_t stream) {
  if (task.launch.num_tiles == 0) return cudaSuccess;
  turn_planes<<<task.launch.num_tiles, FrequencyTile::kThreads, 0, stream>>>(task);
  return cudaGetLastError();
}

cudaError_t zero_frequencies_cuda(int16_t* coefficients, uint64_t num_blocks, int num_frequencies,
                                  cudaStream_t stream) {
  constexpr uint64_t kMaxThreadBlocks = 1 << 16;
  const uint64_t count = num_blocks * static_cast<uint64_t>(kFrequencies - num_frequencies);
  const uint64_t wanted = (count + kThreads - 1) / kThreads;
  if (count == 0) return cudaSuccess;
  const auto grid = static_cast<unsigned>(wanted < kMaxThreadBlocks ? wanted : kMaxThreadBlocks);
  zero<<<grid, kThreads, 0, stream>>>(coefficients, count, num_frequencies);
  return cudaGetLastError();
}

}  // namespace fastdct::dct::device
