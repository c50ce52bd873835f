// The second pass: columns of values, into tensors.
#pragma once
#include "dct/colours.h"
#include "dct/device/passes.h"

namespace fastdct::dct::device {

// Values (and samples) of one component or, for RGB, of all three at the same place.
template <bool kRgb>
class VerticalPass {
 public:
  using PassTile = Tile<32>;
  static constexpr int kMaxPlanes = kRgb ? 3 : 1;

  FASTDCT_HD static uint32_t num_thread_blocks(const DeviceAssembly& assembly, const PlaneJob& job) {
    const int row_tiles = (job.output_rows + PassTile::kUnits - 1) / PassTile::kUnits;
    return static_cast<uint32_t>(row_tiles * num_lane_tiles(Lanes(assembly, job)));
  }

  FASTDCT_HD VerticalPass(const ResampleTask& task, uint32_t thread_block)
      : task_(task),
        job_(find_job(task.memory.planes, task.chunk.num_planes, &PlaneJob::first_vertical, thread_block)),
        lanes_(task.assembly, job_) {
    const int index = static_cast<int>(thread_block - job_.first_vertical), tiles = num_lane_tiles(lanes_);
    first_lane_ = index % tiles * PassTile::kLanes;
    first_row_ = index / tiles * PassTile::kUnits;
  }

  FASTDCT_HD int num_steps(int plane) const {
    if (plane >= job_.num_planes || job(plane).num_sources == 0) return 0;
    return walk(plane).num_steps(PassTile::kUnits);
  }

  FASTDCT_HD void load(int plane, int step, int thread, PassTile* tile) const {
    const Range blocks = walk(plane).blocks;
    const int block = blocks.begin + step * PassTile::kUnits + thread / PassTile::kLanes,
              lane = lane_of(thread);
    if (block >= blocks.end || lane >= lanes_.size()) return;
    const auto* values = reinterpret_cast<const Column*>(task_.memory.workspace + job(plane).values);
    Column x = values[static_cast<int64_t>(block - job(plane).first_row) * lanes_.size() + lane];
    inverse8(x.of);
    tile->store(thread, x.of);
  }

  FASTDCT_HD void add(int plane, int step, int thread, const PassTile& tile, float sums[kBlockSide]) const {
    if (lane_of(thread) < lanes_.size()) walk(plane).add(step, thread, tile, sums);
  }

  FASTDCT_HD void finish(int thread, float (*sums)[kBlockSide]) const {
    const int row = first_row_ + thread / PassTile::kLanes, lane = lane_of(thread);
    if (row >= job_.output_rows || lane >= lanes_.size()) return;
    if constexpr (kRgb)
      write_pixels(row, lane, sums);
    else
      write_frequencies(row, lane, *sums);
  }

 private:
  struct alignas(16) Column {
    float of[kBlockSide];
  };
  struct Place {
    int row;
    int column;
  };

  FASTDCT_HD static int num_lane_tiles(const Lanes& lanes) {
    return (lanes.size() + PassTile::kLanes - 1) / PassTile::kLanes;
  }

  FASTDCT_HD const PlaneJob& job(int plane) const { return (&job_)[plane]; }
  FASTDCT_HD int lane_of(int thread) const { return first_lane_ + thread % PassTile::kLanes; }
  FASTDCT_HD Walk walk(int plane) const {
    const AxisJob& axis = task_.memory.axes[job(plane).rows];
    return walk_under({first_row_, first_row_ + PassTile::kUnits}, axis, task_.memory.workspace);
  }

  // Of the tensor, upright.
  FASTDCT_HD Place upright(int row, int column, const TensorShape& shape) const {
    Place place = job_.transpose ? Place{column, row} : Place{row, column};
    if (job_.mirror_y) place.row = shape.num_rows - 1 - place.row;
    if (job_.mirror_x) place.column = shape.num_cols - 1 - place.column;
    return place;
  }

  FASTDCT_HD size_t element(Place place, int channel, const TensorShape& shape) const {
    const auto rows = static_cast<size_t>(shape.num_rows), cols = static_cast<size_t>(shape.num_cols);
    const auto channels = static_cast<size_t>(shape.num_channels);
    const size_t position = static_cast<size_t>(place.row) * cols + static_cast<size_t>(place.column);
    const size_t first = job_.picture * channels * rows * cols;
    return first + (task_.assembly.channels_last ? position * channels + static_cast<size_t>(channel)
                                                 : static_cast<size_t>(channel) * rows * cols + position);
  }

  FASTDCT_HD void write_frequencies(int row, int lane, float x[kBlockSide]) const {
    const DeviceAssembly& to = task_.assembly;
    const int component = job_.component, tensor = to.tensor_of[component];
    const TensorShape& shape = to.tensors[tensor];
    const Place place = upright(row, lanes_.column(lane), shape);
    const int own_u = to.columns[job_.transpose][component].u[lanes_.k(lane)];
    forward8(x);
    FASTDCT_UNROLL
    for (int own_v = 0; own_v < kBlockSide; ++own_v) {
      const int v = job_.transpose ? own_u : own_v, u = job_.transpose ? own_v : own_u;
      const int index = kBlockSide * v + u, channel = to.channel[component][index];
      if (channel < 0) continue;
      const bool odd = (job_.mirror_y && v % 2 == 1) != (job_.mirror_x && u % 2 == 1);
      const float scale = (odd ? -kTransformScale : kTransformScale) * to.scale[component][index];
      const float value = fused(x[own_v], scale, to.shift[component][index]);
      write_element(value, to.dtype, element(place, channel, shape), task_.memory.tensors[tensor]);
    }
  }

  FASTDCT_HD static void mix(float colours[3]) {
    const float y = colours[0], cb = colours[1], cr = colours[2];
    colours[0] = fused(kRedOfCr, cr, y);
    colours[1] = fused_negative(kGreenOfCr, cr, fused_negative(kGreenOfCb, cb, y));
    colours[2] = fused(kBlueOfCb, cb, y);
  }

  FASTDCT_HD static float clamped(float sample) {
    sample += 128;
    sample = sample > 0 ? sample : 0;
    return sample < 255 ? sample : 255;
  }

  FASTDCT_HD void write_pixels(int row, int lane, const float (*samples)[kBlockSide]) const {
    const DeviceAssembly& to = task_.assembly;
    const int x = lanes_.column(lane) * kBlockSide + lanes_.k(lane);
    FASTDCT_UNROLL
    for (int i = 0; i < kBlockSide; ++i) {
      float colours[3] = {samples[0][i], samples[1][i], samples[2][i]};
      if (job_.colors == Colors::kGrayscale) colours[1] = colours[2] = colours[0];
      if (job_.colors == Colors::kYCbCr) mix(colours);
      const Place place = upright(row * kBlockSide + i, x, to.tensors[0]);
      for (int c = 0; c < 3; ++c)
        write_element(fused(clamped(colours[c]), to.scale[c][0], to.shift[c][0]), to.dtype,
                      element(place, c, to.tensors[0]), task_.memory.tensors[0]);
    }
  }

  const ResampleTask& task_;
  const PlaneJob& job_;
  Lanes lanes_;
  int first_lane_;
  int first_row_;  // of output blocks
};

}  // namespace fastdct::dct::device
