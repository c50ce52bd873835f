#include "dct/channels_cuda.h"

namespace fastdct::dct {
namespace {

constexpr int kArea = 64;
constexpr int kTile =
    32;  // data units (blocks of 8x8) that a thread block turns: 32 consecutive elements of every plane
constexpr int kThreads = 256;

// Glossary
//   unit    number of a data unit in its picture; `first` that of the tile's first
//   tile    [kTile][kArea + 1]: the odd pitch puts the column of a plane into 32 different banks
// Global memory is read and written in runs of consecutive elements; the turn happens in shared memory.
template <typename Element, bool kToChannels>
__global__ void reorder(const Element* source, Element* target, size_t num_units, Order order) {
  __shared__ Element tile[kTile][kArea + 1];
  const size_t first = static_cast<size_t>(blockIdx.x) * kTile;
  const size_t picture = static_cast<size_t>(blockIdx.y) * num_units * kArea;
  const int count = static_cast<int>(num_units - first < kTile ? num_units - first : kTile);
  const Element* units = (kToChannels ? source : target) + picture + first * kArea;
  const Element* planes = (kToChannels ? target : source) + picture + first;
  for (int i = threadIdx.x; i < kTile * kArea; i += kThreads) {
    if (kToChannels) {
      if (i / kArea < count) tile[i / kArea][i % kArea] = units[i];
    } else if (i % kTile < count) {
      tile[i % kTile][natural_index(order, i / kTile)] = planes[i / kTile * num_units + i % kTile];
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < kTile * kArea; i += kThreads) {
    if (kToChannels) {
      if (i % kTile < count)
        const_cast<Element*>(planes)[i / kTile * num_units + i % kTile] =
            tile[i % kTile][natural_index(order, i / kTile)];
    } else if (i / kArea < count) {
      const_cast<Element*>(units)[i] = tile[i / kArea][i % kArea];
    }
  }
}

constexpr size_t kMaxPictures = 65535;  // of a launch: the y dimension of a grid

template <typename Element, bool kToChannels>
cudaError_t launch(const BlockArray& array, Order order, const void* source, void* target,
                   cudaStream_t stream) {
  const size_t tiles = (array.num_blocks + kTile - 1) / kTile;
  if (tiles > 0x7FFFFFFF) return cudaErrorInvalidConfiguration;
  if (tiles == 0) return cudaSuccess;
  const auto* from = static_cast<const Element*>(source);
  auto* to = static_cast<Element*>(target);
  for (size_t done = 0; done < array.num_pictures; done += kMaxPictures) {
    const size_t count = array.num_pictures - done < kMaxPictures ? array.num_pictures - done : kMaxPictures;
    const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(count));
    const size_t offset = done * array.num_blocks * kArea;
    reorder<Element, kToChannels>
        <<<grid, kThreads, 0, stream>>>(from + offset, to + offset, array.num_blocks, order);
    const cudaError_t error = cudaGetLastError();
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

template <bool kToChannels>
cudaError_t dispatch(const BlockArray& array, Order order, const void* source, void* target,
                     cudaStream_t stream) {
  switch (array.element_size) {
    case 1:
      return launch<uint8_t, kToChannels>(array, order, source, target, stream);
    case 2:
      return launch<uint16_t, kToChannels>(array, order, source, target, stream);
    case 4:
      return launch<uint32_t, kToChannels>(array, order, source, target, stream);
    case 8:
      return launch<uint64_t, kToChannels>(array, order, source, target, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace

cudaError_t blocks_to_channels_cuda(const BlockArray& array, Order order, const void* blocks, void* channels,
                                    cudaStream_t stream) {
  return dispatch<true>(array, order, blocks, channels, stream);
}

cudaError_t channels_to_blocks_cuda(const BlockArray& array, Order order, const void* channels, void* blocks,
                                    cudaStream_t stream) {
  return dispatch<false>(array, order, channels, blocks, stream);
}

}  // namespace fastdct::dct
