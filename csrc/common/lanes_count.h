#pragma once

namespace fastdct {

// Floats in a vector of the kernels (common/lanes.h), on every machine.
constexpr int kLanes = 16;

}  // namespace fastdct
