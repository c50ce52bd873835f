// DC coefficients that no 8-bit picture has: a sign of damage (libjpeg_damage.h).
#pragma once
#include "common/host_device.h"

namespace fastdct::jpeg {

// True when |coefficient| * step, less the rounding of half a step, exceeds the orthonormal DC of 8-bit
// samples: 8 * 128 (T.81, A.3.3).
FASTDCT_HD bool is_impossible_dc(int coefficient, int step) {
  const int magnitude = coefficient < 0 ? -coefficient : coefficient;
  return 2 * magnitude * static_cast<long long>(step) > 2 * 1024 + step;
}

}  // namespace fastdct::jpeg
