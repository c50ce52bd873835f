#include "dct/channels.h"

#include <algorithm>
#include <stdexcept>

namespace fastdct::dct {
namespace {

constexpr size_t kArea = 64;

// Blocks that are turned together: their channels are written a cache line of 4-byte elements at a time, and
// both sides of the tile stay in the first cache.
constexpr size_t kTile = 16;

struct Positions {
  explicit Positions(Order order) {
    for (size_t k = 0; k < kArea; ++k)
      natural[k] = static_cast<size_t>(natural_index(order, static_cast<int>(k)));
  }
  size_t natural[kArea];
};

// Calls move(index in [P, 64], index in [64, P]) for every element of a picture, tile by tile.
template <typename Move>
void for_each_element(size_t num_blocks, const Positions& positions, Move move) {
  for (size_t begin = 0; begin < num_blocks; begin += kTile) {
    const size_t end = std::min(begin + kTile, num_blocks);
    for (size_t k = 0; k < kArea; ++k)
      for (size_t block = begin; block < end; ++block)
        move(block * kArea + positions.natural[k], k * num_blocks + block);
  }
}

template <typename Element, bool kToChannels>
void reorder(const BlockArray& array, const Positions& positions, const void* source, void* target) {
  const auto* from = static_cast<const Element*>(source);
  auto* to = static_cast<Element*>(target);
  const size_t size = array.num_blocks * kArea;
  for (size_t picture = 0; picture < array.num_pictures; ++picture, from += size, to += size)
    for_each_element(array.num_blocks, positions, [&](size_t in_blocks, size_t in_channels) {
      if (kToChannels)
        to[in_channels] = from[in_blocks];
      else
        to[in_blocks] = from[in_channels];
    });
}

template <bool kToChannels>
void dispatch(const BlockArray& array, Order order, const void* source, void* target) {
  const Positions positions(order);
  switch (array.element_size) {
    case 1:
      return reorder<uint8_t, kToChannels>(array, positions, source, target);
    case 2:
      return reorder<uint16_t, kToChannels>(array, positions, source, target);
    case 4:
      return reorder<uint32_t, kToChannels>(array, positions, source, target);
    case 8:
      return reorder<uint64_t, kToChannels>(array, positions, source, target);
    default:
      throw std::invalid_argument("elements have 1, 2, 4 or 8 bytes");
  }
}

}  // namespace

void blocks_to_channels(const BlockArray& array, Order order, const void* blocks, void* channels) {
  dispatch<true>(array, order, blocks, channels);
}

void channels_to_blocks(const BlockArray& array, Order order, const void* channels, void* blocks) {
  dispatch<false>(array, order, channels, blocks);
}

}  // namespace fastdct::dct
