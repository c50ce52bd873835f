// The seam between entropy decoding and geometry: rows of blocks in a small ring, handed on as soon as a row
// of MCUs is there.
//
// Tried without gain, in photos of 500 x 375 of which windows show 46 %: tables that pass over the AC of MCUs
// left and right of the window (-0.5 %: they compete with the others for the first cache), bands of 16 MCUs
// (-0.5 %) or 8 (+1 %), value rows prefetched for the next frequency (0).
#pragma once
#include <vector>

#include "common/aligned.h"
#include "dct/resampler.h"
#include "jpeg/entropy/frame.h"
#include "jpeg/entropy/output.h"

namespace fastdct::pipeline {

class Strips {
 public:
  // After resampler.start(): what is to be decoded, and the planes to decode it into.
  void start(const jpeg::Frame& frame, const dct::Resampler& resampler);
  const std::vector<jpeg::Plane>& planes() const { return planes_; }
  size_t first_mcu_row() const { return first_mcu_row_; }
  size_t end_mcu_row() const { return end_mcu_row_; }

  // Hands on what is new now that all rows of MCUs before `num_mcu_rows` are decoded.
  void push(const dct::Resampler& resampler, size_t num_mcu_rows);

 private:
  void add_plane(int index, const dct::Resampler::Group& group);
  const int16_t* row(const dct::Resampler::Group& group, int plane, size_t row) const;

  std::vector<jpeg::Plane> planes_;
  std::vector<size_t> rows_of_mcu_;  // block rows of each plane
  std::vector<size_t> cols_of_mcu_;
  std::vector<size_t> next_row_;  // of each group
  size_t first_mcu_row_ = 0;
  size_t end_mcu_row_ = 0;
  AlignedBuffer<int16_t> blocks_;
};

}  // namespace fastdct::pipeline
