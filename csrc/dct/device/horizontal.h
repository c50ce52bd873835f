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
        job_(find_job(task.memory.planes, task.chunk.num_planes, &PlaneJob::first_horizontal, thread_block)) {
    const int index = static_cast<int>(thread_block - job_.first_horizontal), tiles = num_tiles(job_);
    row_ = index / tiles;
    first_output_ = index % tiles * PassTile::kOutputs;
  }

  FASTDCT_HD int num_planes() const { return 1; }

  FASTDCT_HD Walk walk(int) const {
    const AxisJob& axis = task_.memory.axes[job_.columns];
    return walk_under({first_output_, first_output_ + PassTile::kOutputs}, axis, task_.memory.workspace);
  }

  FASTDCT_HD void load(int, const Walk& walk, int step, int thread, PassTile* tile) const {
    walk.fill(step, thread, tile, [&](int block, int v, float x[kBlockSide]) {
      for (int i = 0; i < job_.num_sources; ++i) add_row(job_.sources[i], block, v, x);
      inverse8(x);
    });
  }

  FASTDCT_HD void finish(int thread, float (*sums)[kBlockSide]) const {
    const int output = first_output_ + thread / PassTile::kLanes, v = thread % PassTile::kLanes;
    if (output >= job_.output_cols) return;
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
    return (job.output_cols + PassTile::kOutputs - 1) / PassTile::kOutputs;
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
  int first_output_;
};

}  // namespace fastdct::dct::device
