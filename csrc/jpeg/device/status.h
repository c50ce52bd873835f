// What a device says of each source of a batch.
#pragma once
#include <cstdint>

namespace fastdct::jpeg::device {

// Bits of a status word; 0: decoded. Whatever is set, the CPU reads the file and judges it.
enum Status : uint32_t {
  kDamaged = 1,       // the blocks do not end where the data do, or there are too few
  kOverflow = 2,      // more tokens or blocks than there is memory for
  kImpossibleDc = 4,  // a DC coefficient that no 8-bit picture has
};

}  // namespace fastdct::jpeg::device
