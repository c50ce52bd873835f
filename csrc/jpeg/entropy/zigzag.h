// The order in which a block's coefficients are coded (T.81, figure A.6).
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::jpeg {

struct NaturalOrder {
  uint8_t index[64];
};

// Natural index (v * 8 + u) of each zig-zag position.
constexpr uint8_t kNaturalOrder[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
                                       12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
                                       35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
                                       58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

FASTDCT_HD constexpr NaturalOrder copy_natural_order() {
  NaturalOrder order{};
  for (int k = 0; k < 64; ++k) order.index[k] = kNaturalOrder[k];
  return order;
}

// The same where a device may ask: it sees no array outside of its functions.
FASTDCT_HD uint32_t natural_index(uint32_t k) {
  static constexpr NaturalOrder kOrder = copy_natural_order();
  return kOrder.index[k];
}

}  // namespace fastdct::jpeg
