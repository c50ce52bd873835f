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
    const int row_tiles = (job.output_rows + PassTile::kOutputs - 1) / PassTile::kOutputs;
    return static_cast<uint32_t>(row_tiles * num_lane_tiles(Lanes(assembly, job)));
  }

  FASTDCT_HD VerticalPass(const ResampleTask& task, uint32_t thread_block)
      : task_(task),
        job_(find_job(task.memory.planes, task.chunk.num_planes, &PlaneJob::first_vertical, thread_block)),
        lanes_(task.assembly, job_) {
    const int index = static_cast<int>(thread_block - job_.first_vertical), tiles = num_lane_tiles(lanes_);
    first_lane_ = index % tiles * PassTile::kLanes;
    first_row_ = index / tiles * PassTile::kOutputs;
  }

  FASTDCT_HD int num_planes() const { return job_.num_planes; }

  FASTDCT_HD Walk walk(int plane) const {
    const AxisJob& axis = task_.memory.axes[job(plane).rows];
    return walk_under({first_row_, first_row_ + PassTile::kOutputs}, axis, task_.memory.workspace);
  }

  FASTDCT_HD void load(int plane, const Walk& walk, int step, int thread, PassTile* tile) const {
    const int lane = lane_of(thread);
    if (lane >= lanes_.size()) return;
    const auto* values = reinterpret_cast<const Column*>(task_.memory.workspace + job(plane).values) + lane;
    walk.fill(step, thread, tile, [&](int block, int, float x[kBlockSide]) {
      const Column column = values[static_cast<int64_t>(block - job(plane).first_row) * lanes_.size()];
      for (int v = 0; v < kBlockSide; ++v) x[v] = column.of[v];
      inverse8(x);
    });
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
  // Of the tensor, upright.
  FASTDCT_HD Place upright(int row, int column, const TensorShape& shape) const {
    Place place = job_.transpose ? Place{column, row} : Place{row, column};
    if (job_.mirror_y) place.row = shape.num_rows - 1 - place.row;
    if (job_.mirror_x) place.column = shape.num_cols - 1 - place.column;
    return place;
  }

  // Elements of the batch before a place in channel 0, and from a channel to the next.
  FASTDCT_HD size_t first_element(Place place, const TensorShape& shape) const {
    const auto cols = static_cast<size_t>(shape.num_cols), channels = static_cast<size_t>(shape.num_channels);
    const size_t area = static_cast<size_t>(shape.num_rows) * cols;
    const size_t position = static_cast<size_t>(place.row) * cols + static_cast<size_t>(place.column);
    return job_.picture * channels * area + (task_.assembly.channels_last ? position * channels : position);
  }
  FASTDCT_HD size_t channel_stride(const TensorShape& shape) const {
    return task_.assembly.channels_last
               ? 1
               : static_cast<size_t>(shape.num_rows) * static_cast<size_t>(shape.num_cols);
  }

  // Frequencies of the file's rows (u) and columns (v): upright they change places where the file lies on its
  // side, and odd ones change sign where it is mirrored.
  FASTDCT_HD void write_frequencies(int row, int lane, float x[kBlockSide]) const {
    const DeviceAssembly& to = task_.assembly;
    const int tensor = to.tensor_of[job_.component];
    const TensorShape& shape = to.tensors[tensor];
    const int u = to.columns[job_.transpose][job_.component].u[lanes_.k(lane)];
    const bool mirror_u = job_.transpose ? job_.mirror_y : job_.mirror_x;
    const bool mirror_v = job_.transpose ? job_.mirror_x : job_.mirror_y;
    const float even = mirror_u && u % 2 == 1 ? -kTransformScale : kTransformScale;
    const float odd = mirror_v ? -even : even;
    const Channel* channels = to.channels[job_.component] + (job_.transpose ? u * kBlockSide : u);
    const int next_v = job_.transpose ? 1 : kBlockSide;
    const size_t first = first_element(upright(row, lanes_.column(lane), shape), shape);
    const size_t stride = channel_stride(shape);
    forward8(x);
    with_element(to.dtype, [&](auto element) {
      auto* const elements = static_cast<typename decltype(element)::Element*>(task_.memory.tensors[tensor]);
      FASTDCT_UNROLL
      for (int v = 0; v < kBlockSide; ++v) {
        const Channel channel = channels[v * next_v];
        const float scale = (v % 2 == 1 ? odd : even) * channel.scale;
        if (channel.index >= 0)
          elements[first + static_cast<size_t>(channel.index) * stride] =
              element.of(fused(x[v], scale, channel.shift));
      }
    });
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
    const TensorShape& shape = to.tensors[0];
    const int x = lanes_.column(lane) * kBlockSide + lanes_.k(lane);
    const size_t stride = channel_stride(shape);
    with_element(to.dtype, [&](auto element) {
      auto* const elements = static_cast<typename decltype(element)::Element*>(task_.memory.tensors[0]);
      FASTDCT_UNROLL
      for (int i = 0; i < kBlockSide; ++i) {
        float colours[3] = {samples[0][i], samples[1][i], samples[2][i]};
        if (job_.colors == Colors::kGrayscale) colours[1] = colours[2] = colours[0];
        if (job_.colors == Colors::kYCbCr) mix(colours);
        const size_t first = first_element(upright(row * kBlockSide + i, x, shape), shape);
        FASTDCT_UNROLL
        for (int c = 0; c < 3; ++c)
          elements[first + static_cast<size_t>(c) * stride] =
              element.of(fused(clamped(colours[c]), to.channels[c][0].scale, to.channels[c][0].shift));
      }
    });
  }

  const ResampleTask& task_;
  const PlaneJob& job_;
  Lanes lanes_;
  int first_lane_;
  int first_row_;  // of output blocks
};

}  // namespace fastdct::dct::device
