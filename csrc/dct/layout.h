// From the picture that people see to the file as it is stored: axes, and where each value goes.
#pragma once
#include <vector>

#include "dct/assembly.h"
#include "dct/destination.h"
#include "dct/picture.h"
#include "dct/taps.h"

namespace fastdct::dct {

// Throws std::invalid_argument if the window is not inside the picture, or if there are too few planes.
void check(const Picture& picture, const Window& window);

// A window of a plane, scaled to a grid, as stored.
struct PlaneGeometry {
  Axis rows;
  Axis columns;
  bool transpose;  // rows of the output are columns of the file
  bool mirror_y;   // the output, upright, is mirrored against the file
  bool mirror_x;
};

// `own_grid`: from the samples of the plane as they are, without bringing them to the grid of luma first.
PlaneGeometry plane_geometry(const Picture& picture, const Plane& plane, const Window& window,
                             const Grid& grid, Filter filter, bool own_grid);

// A tensor [C, rows, columns] or [rows, columns, C], upright.
struct TensorLayout {
  void* data;
  Dtype dtype;
  int num_channels;
  int num_rows;
  int num_columns;
  bool channels_last;

  ptrdiff_t channel_stride() const {
    return channels_last ? 1 : static_cast<ptrdiff_t>(num_rows) * num_columns;
  }
  ptrdiff_t column_stride() const { return channels_last ? num_channels : 1; }
};

Destination destination_of(const TensorLayout& tensor, const PlaneGeometry& geometry);

// A wanted upright frequency (natural index 8 v + u), as the file has it: turned, and with the sign that
// mirroring gives to odd frequencies.
Wanted wanted_frequency(int index, const PlaneGeometry& geometry);

// All 64 samples of a block of an upright plane `width` wide, and where they go.
std::vector<Wanted> wanted_samples(int width, const PlaneGeometry& geometry);
Destination sample_plane(void* plane, Dtype dtype, const Grid& grid, const PlaneGeometry& geometry);

}  // namespace fastdct::dct
