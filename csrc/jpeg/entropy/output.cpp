#include "jpeg/entropy/output.h"

#include "jpeg/entropy/kernels.h"

namespace fastdct::jpeg {

// Rows of planes are padded to whole runs, so that the kernels write whole cache lines. A distance between
// planes that is a multiple of 4 KB would put the same place of all of them into one set of the cache: it
// gets one more line.
size_t lay_out(Plane& plane, const Request& request) {
  if (request.layout == Layout::kBlock) return plane.num_rows * plane.num_cols * kBlockArea;
  constexpr size_t kSetStride = 4096 / sizeof(int16_t);
  plane.row_pitch = (plane.num_cols + kRunBlocks - 1) / kRunBlocks * kRunBlocks;
  plane.plane_pitch = plane.row_pitch * plane.num_rows;
  if (plane.plane_pitch % kSetStride == 0) plane.plane_pitch += kRunBlocks;
  return plane.plane_pitch * static_cast<size_t>(request.num_frequencies);
}

}  // namespace fastdct::jpeg
