#include "dct/device/emulation.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include "common/thread_order.h"
#include "dct/device/horizontal.h"
#include "dct/device/vertical.h"

namespace fastdct::dct::device {
namespace {

// What a thread keeps from phase to phase.
using Sums = std::array<std::array<float, kBlockSide>, 3>;

// A thread block of a pass; between barriers its threads run in any order.
template <class Pass>
void run_thread_block(const ResampleTask& task, uint32_t thread_block, ThreadOrder* order) {
  const Pass pass(task, thread_block);
  using Tile = typename Pass::PassTile;
  Tile tile;  // as on a GPU, what nobody has stored is anything
  std::fill(std::begin(tile.samples), std::end(tile.samples), std::numeric_limits<float>::quiet_NaN());
  std::array<Sums, kThreads> sums{};
  const auto phase = [&](auto run) {
    order->for_each(kThreads, [&](uint32_t thread) { run(static_cast<int>(thread), sums[thread]); });
  };
  for (int plane = 0; plane < pass.num_planes(); ++plane) {
    const Walk walk = pass.walk(plane);
    for (int step = 0; step < walk.num_steps<Tile>(); ++step) {
      phase([&](int thread, Sums&) { pass.load(plane, walk, step, thread, &tile); });
      phase([&](int thread, Sums& own) {
        walk.add(step, thread, tile, own[static_cast<size_t>(plane)].data());
      });
    }
  }
  phase([&](int thread, Sums& own) { pass.finish(thread, reinterpret_cast<float (*)[kBlockSide]>(&own)); });
}

template <class Pass>
void run_pass(const ResampleTask& task, uint32_t num_thread_blocks, ThreadOrder* order) {
  order->for_each(num_thread_blocks,
                  [&](uint32_t thread_block) { run_thread_block<Pass>(task, thread_block, order); });
}

void make_weights(const ResampleTask& task, ThreadOrder* order) {
  order->for_each(task.chunk.num_axes, [&](uint32_t axis) {
    order->for_each(task.chunk.max_outputs,
                    [&](uint32_t output) { make_output_weights(task, axis, static_cast<int>(output)); });
  });
}

}  // namespace

void resample_emulated(const ResampleLaunch& launch, const ResampleChunk* chunks,
                       const ResampleMemory& memory, uint64_t seed) {
  ThreadOrder order(seed);
  for (uint64_t i = 0; i < launch.num_chunks; ++i) {
    const ResampleTask task = task_of(launch, chunks[i], memory);
    make_weights(task, &order);
    run_pass<HorizontalPass>(task, task.chunk.num_horizontal, &order);
    if (launch.assembly.is_rgb)
      run_pass<VerticalPass<true>>(task, task.chunk.num_vertical, &order);
    else
      run_pass<VerticalPass<false>>(task, task.chunk.num_vertical, &order);
  }
}

void frequency_planes_emulated(const FrequencyTask& task, uint64_t seed) {
  ThreadOrder order(seed);
  order.for_each(task.launch.num_tiles, [&](uint32_t thread_block) {
    const FrequencyTile tile(task, thread_block);
    FrequencyTile::Shared shared;
    const auto phase = [&](auto run) {
      order.for_each(FrequencyTile::kThreads, [&](uint32_t thread) { run(static_cast<int>(thread)); });
    };
    phase([&](int thread) { tile.load(thread, &shared); });
    phase([&](int thread) { tile.store(thread, shared); });
  });
}

void zero_frequencies_emulated(int16_t* coefficients, uint64_t num_blocks, int num_frequencies,
                               uint64_t seed) {
  ThreadOrder order(seed);
  const auto dropped = static_cast<uint64_t>(kFrequencies - num_frequencies);
  order.for_each(static_cast<uint32_t>(num_blocks * dropped),
                 [&](uint32_t thread) { zero_frequency(thread, num_frequencies, coefficients); });
}

}  // namespace fastdct::dct::device
