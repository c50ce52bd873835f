#include "dct/assembly.h"

namespace fastdct::dct {

size_t Assembly::tensor_bytes() const {
  if (output == Output::kRgb) return 3 * 64 * grid.num_blocks() * dtype_size(dtype);
  const size_t chroma = separate_chroma() ? 0 : num_channels(1) + num_channels(2);
  return (num_channels(0) + chroma) * grid.num_blocks() * dtype_size(dtype);
}

size_t Assembly::chroma_bytes() const {
  if (!separate_chroma()) return 0;
  return (num_channels(1) + num_channels(2)) * chroma_grid.num_blocks() * dtype_size(dtype);
}

}  // namespace fastdct::dct
