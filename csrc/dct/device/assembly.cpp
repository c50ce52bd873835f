#include <algorithm>

#include "dct/device/plan.h"

namespace fastdct::dct::device {
namespace {

TensorShape shape_of(size_t num_channels, const Grid& grid, int unit) {
  return {static_cast<int32_t>(num_channels), grid.height / unit, grid.width / unit};
}

WantedColumns columns_of(const std::vector<uint8_t>& frequencies, bool transpose) {
  bool used[kBlockSide] = {};
  for (const uint8_t index : frequencies) used[transpose ? index / kBlockSide : index % kBlockSide] = true;
  WantedColumns wanted{};
  for (uint8_t u = 0; u < kBlockSide; ++u)
    if (used[u]) wanted.u[wanted.count++] = u;
  return wanted;
}

// Pixels: every component needs all samples of a block.
void fill_colours(const Assembly& from, DeviceAssembly* to) {
  to->is_rgb = true;
  to->tensors[0] = shape_of(3, from.grid, 1);
  for (size_t c = 0; c < 3; ++c) {
    to->channels[c][0] = {static_cast<int32_t>(c), from.scale[c], from.shift[c]};
    for (auto& columns : to->columns) columns[c] = {kBlockSide, {0, 1, 2, 3, 4, 5, 6, 7}};
  }
}

void fill_channels(const Assembly& from, DeviceAssembly* to) {
  const size_t luma = from.num_channels(0), chroma = from.num_channels(1) + from.num_channels(2);
  const bool separate = from.separate_chroma();
  to->tensors[0] = shape_of(separate ? luma : luma + chroma, from.grid, kBlockSide);
  to->tensors[1] = shape_of(separate ? chroma : 0, from.chroma_grid, kBlockSide);
  size_t channel = 0;  // of all
  for (size_t c = 0; c < 3; ++c) {
    to->tensor_of[c] = separate && c > 0 ? 1 : 0;
    std::fill_n(to->channels[c], kFrequencies, Channel{-1, 0, 0});
    for (const uint8_t index : from.frequencies[c]) {
      const size_t own = to->tensor_of[c] == 1 ? channel - luma : channel;
      to->channels[c][index] = {static_cast<int32_t>(own), from.scale[channel], from.shift[channel]};
      ++channel;
    }
    for (const bool transpose : {false, true})
      to->columns[transpose][c] = columns_of(from.frequencies[c], transpose);
  }
}

}  // namespace

DeviceAssembly device_assembly(const Assembly& assembly) {
  DeviceAssembly device{};
  device.dtype = assembly.dtype;
  device.channels_last = assembly.channels_last;
  if (assembly.output == Output::kRgb)
    fill_colours(assembly, &device);
  else
    fill_channels(assembly, &device);
  return device;
}

}  // namespace fastdct::dct::device
