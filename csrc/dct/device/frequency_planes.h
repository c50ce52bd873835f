// Blocks of a batch to planes of one frequency each: [Hb Wb, 64] to [num_frequencies, Hb, Wb], zig-zag order,
// for planes of all sizes at once; and zeroing the frequencies that nobody asked for.
#pragma once
#include "dct/channels.h"
#include "dct/device/jobs.h"

namespace fastdct::dct::device {

struct FrequencyJob {
  uint64_t first_block;  // of the batch's coefficients
  uint64_t target;       // first element
  uint32_t num_units;    // blocks
  uint32_t first_tile;   // thread blocks of the jobs before it
};

struct FrequencyLaunch {
  uint32_t num_jobs;
  uint32_t num_tiles;
  int32_t num_frequencies;
  int32_t reserved;
};

// All that a kernel is given.
struct FrequencyTask {
  const FrequencyJob* jobs;
  const int16_t* coefficients;
  int16_t* target;
  FrequencyLaunch launch;
};

// Consecutive units of one plane. Global memory is read and written in runs; the turn happens in the tile,
// whose odd pitch in words puts the units of a frequency into different banks.
class FrequencyTile {
 public:
  static constexpr int kThreads = 256;
  static constexpr int kUnits = 64;
  struct Shared {
    int16_t units[kUnits][kFrequencies + 2];
  };

  FASTDCT_HD FrequencyTile(const FrequencyTask& task, uint32_t thread_block)
      : task_(task),
        job_(find_job(task.jobs, task.launch.num_jobs, &FrequencyJob::first_tile, thread_block)) {
    first_ = (thread_block - job_.first_tile) * kUnits;
    count_ = smaller(static_cast<int>(job_.num_units - first_), kUnits);
  }

  FASTDCT_HD void load(int thread, Shared* tile) const {
    const int16_t* from = task_.coefficients + (job_.first_block + first_) * kFrequencies;
    for (int i = thread; i < count_ * kFrequencies; i += kThreads)
      tile->units[i / kFrequencies][i % kFrequencies] = from[i];
  }

  FASTDCT_HD void store(int thread, const Shared& tile) const {
    int16_t* to = task_.target + job_.target + first_;
    for (int i = thread; i < task_.launch.num_frequencies * kUnits; i += kThreads) {
      const int k = i / kUnits, unit = i % kUnits;
      if (unit < count_)
        to[static_cast<uint64_t>(k) * job_.num_units + static_cast<uint64_t>(unit)] =
            tile.units[unit][natural_index(Order::kZigzag, k)];
    }
  }

 private:
  const FrequencyTask& task_;
  const FrequencyJob& job_;
  uint32_t first_;
  int count_;
};

// Thread `index` of num_blocks * (64 - num_frequencies).
FASTDCT_HD void zero_frequency(uint64_t index, int num_frequencies, int16_t* coefficients) {
  const auto dropped = static_cast<uint64_t>(kFrequencies - num_frequencies);
  const int k = num_frequencies + static_cast<int>(index % dropped);
  coefficients[index / dropped * kFrequencies + static_cast<uint64_t>(natural_index(Order::kZigzag, k))] = 0;
}

}  // namespace fastdct::dct::device
