// A whole picture as pixels, for people: as libjpeg-turbo decodes it, to +-1 on 98 % of the values.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "dct/axis_plan.h"
#include "dct/picture.h"
#include "dct/stream.h"

namespace fastdct::dct {

// Keeps its memory. One thread uses it at a time.
class FullSizeDecoder {
 public:
  // RGB, upright, [H, W, 3]. Samples are rounded and clamped to 0..255 before chroma is upsampled, as libjpeg
  // does.
  void run(const Picture& picture, uint8_t* rgb);

 private:
  // Samples of a component in the file's order, whole blocks, and those that make each pixel along both axes.
  struct Component {
    AlignedBuffer<uint8_t> samples;
    size_t pitch = 0;
    std::vector<std::array<int, 2>> rows;  // of each pixel: near and far sample, 3/4 and 1/4
    std::vector<std::array<int, 2>> columns;
    std::vector<int> upsampled;  // the current row of pixels, times 16
  };

  void decode_samples(const Plane& plane, Component* component);
  void upsample_row(int y, Component* component);
  void convert_row(const Picture& picture, uint8_t* to, ptrdiff_t step);

  AxisPlan rows_;
  AxisPlan columns_;
  StreamJob job_;
  Stream stream_;
  std::array<Component, 3> components_;
};

}  // namespace fastdct::dct
