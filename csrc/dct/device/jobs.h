// What a device is told of a batch: plain data, made by plan.cpp on the host, the same for GPU and emulation.
// Offsets count bytes from the beginning of the workspace, which every chunk uses anew.
#pragma once
#include <cstddef>
#include <cstdint>

#include "dct/axis.h"
#include "dct/dtype.h"
#include "dct/picture.h"

namespace fastdct::dct::device {

constexpr int kBlockSide = 8;
constexpr int kFrequencies = 64;

// Rows of weights have at least as many: those of a linear filter that does not shrink by more than 3 / 2.
constexpr int kShortRow = 4;

// The weights of an axis, of one or more components. How they are stored: axis_weights.h.
struct AxisJob {
  Axis axis;
  int32_t stride;  // weights kept for an output sample
  uint64_t weights;
};

// A stored plane that a component is made of.
struct Source {
  uint64_t first_block;  // of the batch's coefficients
  uint32_t quantization;
  float weight;
};

// One component of one picture. Rows, columns, v and u are those of the file.
struct PlaneJob {
  Source sources[3];    // three where a file is coded as R, G, B and the mixture is wanted; none: all zero
  int32_t num_sources;  //
  int32_t num_cols;     // blocks in a row of the stored plane
  int32_t first_row;    // rows of blocks that the window reads
  int32_t num_rows;     //
  uint32_t rows;        // number of its vertical axis among the chunk's
  uint32_t columns;     // of its horizontal one
  int32_t output_rows;  // blocks
  int32_t output_cols;  //
  uint64_t values;      // between the passes: passes.h
  uint32_t picture;     // row of the output tensors
  uint32_t first_horizontal;  // thread blocks of the chunk's jobs before it, in each pass
  uint32_t first_vertical;    //
  int32_t component;
  int32_t num_planes;  // RGB: the planes of the picture, whose first this is; otherwise this one
  Colors colors;
  bool transpose;  // rows of the output are columns of the file
  bool mirror_y;   // the output, upright, is mirrored against the file
  bool mirror_x;   //
};

// Pictures that are resampled at once: `num_axes` and `num_planes` jobs, and the thread blocks they take.
struct ResampleChunk {
  uint32_t first_axis;
  uint32_t num_axes;
  uint32_t max_outputs;  // output samples of the longest axis
  uint32_t first_plane;
  uint32_t num_planes;
  uint32_t num_horizontal;
  uint32_t num_vertical;
  uint32_t reserved;
};

struct TensorShape {
  int32_t num_channels;
  int32_t num_rows;  // of blocks; RGB: of pixels
  int32_t num_cols;
};

// The wanted frequencies of a component along the file's rows.
struct WantedColumns {
  int32_t count;
  uint8_t u[kBlockSide];  // rising
};

// What becomes of a frequency: scale * value + shift, in a channel of its tensor. Of colours of pixels the
// same.
struct Channel {
  int32_t index;  // -1: not wanted
  float scale;
  float shift;
};

// An Assembly (assembly.h) for the device. Frequencies are natural indices 8 v + u, upright.
struct DeviceAssembly {
  Dtype dtype;
  bool is_rgb;
  bool channels_last;
  TensorShape tensors[2];             // the second: chroma on a grid of its own
  int32_t tensor_of[3];               // of each component
  Channel channels[3][kFrequencies];  // [component][frequency]; pixels: [colour][0]
  WantedColumns columns[2][3];        // [transposed?][component]; pixels: all eight
};

// What the host is told of a batch: this, and the chunks.
struct ResampleLaunch {
  DeviceAssembly assembly;
  uint64_t num_axes;
  uint64_t num_chunks;
};

// Addresses on the device.
struct ResampleMemory {
  const AxisJob* axes;  // of the batch; in a task, of its chunk
  const PlaneJob* planes;
  const int16_t* coefficients;   // [blocks, 64]
  const uint16_t* quantization;  // [tables, 64]
  char* workspace;
  void* tensors[2];
};

// All that a kernel is given.
struct ResampleTask {
  ResampleMemory memory;
  ResampleChunk chunk;
  DeviceAssembly assembly;
};

inline ResampleTask task_of(const ResampleLaunch& launch, const ResampleChunk& chunk, ResampleMemory memory) {
  memory.axes += chunk.first_axis;
  memory.planes += chunk.first_plane;
  return {memory, chunk, launch.assembly};
}

// The job that a thread block works for: the last that has not more thread blocks before it.
template <class Job>
FASTDCT_HD const Job& find_job(const Job* jobs, uint32_t num_jobs, uint32_t Job::* first,
                               uint32_t thread_block) {
  while (num_jobs > 1) {
    const uint32_t half = num_jobs / 2;
    const bool later = jobs[half].*first <= thread_block;
    if (later) jobs += half;
    num_jobs = later ? num_jobs - half : half;
  }
  return *jobs;
}

}  // namespace fastdct::dct::device
