// The first pass: rows of blocks.
#pragma once
#include "dct/device/passes.h"

namespace fastdct::dct::device {

template <class T>
struct alignas(16) RowOfBlock {
  T of[kBlockSide];
};

class HorizontalPass {
 public:
  using PassTile = Tile<8>;
  static constexpr int kMaxPlanes = 1;

  FASTDCT_HD static uint32_t num_thread_blocks(const PlaneJob& job) {
    return job.num_sources == 0 ? 0 : static_cast<uint32_t>(job.num_rows * num_tiles(job));
  }

  FASTDCT_HD HorizontalPass(const ResampleTask& task, uint32_t thread_block)
      : task_(task),
        job_(find_job(task.memory.planes, task.chunk.num_planes, &PlaneJob::first_horizontal, thread_block)),
        row_(static_cast<int>(thread_block - job_.first_horizontal) / num_tiles(job_)),
        walk_(walk_under(outputs(thread_block), task.memory.axes[job_.columns], task.memory.workspace)) {}

  FASTDCT_HD int num_steps(int) const { return walk_.num_steps(PassTile::kUnits); }

  FASTDCT_HD void load(int, int step, int thread, PassTile* tile) const {
    const int block = walk_.blocks.begin + step * PassTile::kUnits + thread / PassTile::kLanes;
    if (block >= walk_.blocks.end) return;
    float x[kBlockSide] = {};
    for (int i = 0; i < job_.num_sources; ++i) add_row(job_.sources[i], block, thread % PassTile::kLanes, x);
    inverse8(x);
    tile->store(thread, x);
  }

  FASTDCT_HD void add(int, int step, int thread, const PassTile& tile, float sums[kBlockSide]) const {
    walk_.add(step, thread, tile, sums);
  }

  FASTDCT_HD void finish(int thread, float (*sums)[kBlockSide]) const {
    const int output = walk_.first_output + thread / PassTile::kLanes, v = thread % PassTile::kLanes;
    if (output >= walk_.num_outputs) return;
    if (!task_.assembly.is_rgb) forward8(*sums);
    const Lanes lanes(task_.assembly, job_);
    const WantedColumns& wanted = task_.assembly.columns[job_.transpose][job_.component];
    float* row = reinterpret_cast<float*>(task_.memory.workspace + job_.values) +
                 static_cast<int64_t>(row_) * lanes.size() * kBlockSide + v;
    int k = 0;
    FASTDCT_UNROLL
    for (int u = 0; u < kBlockSide; ++u)
      if (k < wanted.count && wanted.u[k] == u) row[lanes.of(k++, output) * kBlockSide] = (*sums)[u];
  }

 private:
  FASTDCT_HD static int num_tiles(const PlaneJob& job) {
    return (job.output_cols + PassTile::kUnits - 1) / PassTile::kUnits;
  }

  FASTDCT_HD Range outputs(uint32_t thread_block) const {
    const int tile = static_cast<int>(thread_block - job_.first_horizontal) % num_tiles(job_);
    return {tile * PassTile::kUnits, (tile + 1) * PassTile::kUnits};
  }

  // Adds frequencies (v, 0 .. 7) of a block, dequantised.
  FASTDCT_HD void add_row(const Source& source, int block, int v, float x[kBlockSide]) const {
    const uint64_t place =
        source.first_block +
        static_cast<uint64_t>(job_.first_row + row_) * static_cast<uint64_t>(job_.num_cols) +
        static_cast<uint64_t>(block);
    const auto* rows = reinterpret_cast<const RowOfBlock<int16_t>*>(task_.memory.coefficients);
    const auto* steps = reinterpret_cast<const RowOfBlock<uint16_t>*>(task_.memory.quantization);
    const RowOfBlock<int16_t> row = rows[place * kBlockSide + static_cast<uint64_t>(v)];
    const RowOfBlock<uint16_t> step =
        steps[source.quantization * uint64_t{kBlockSide} + static_cast<uint64_t>(v)];
    const float scale = source.weight * kTransformScale;
    for (int u = 0; u < kBlockSide; ++u) x[u] = fused(row.of[u], step.of[u] * scale, x[u]);
  }

  const ResampleTask& task_;
  const PlaneJob& job_;
  int row_;  // of those that the window reads
  Walk walk_;
};

}  // namespace fastdct::dct::device
