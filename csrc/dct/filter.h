// The resampling filters, as Pillow defines them.
#pragma once
#include <cmath>

#include "common/host_device.h"

namespace fastdct::dct {

enum class Filter { kBox, kTriangle, kBicubic, kLanczos3 };

// A filter is zero at distances beyond its support. Distances are in samples of the coarser of input and
// output.
FASTDCT_HD double filter_support(Filter filter) {
  switch (filter) {
    case Filter::kBox:
      return 0.5;
    case Filter::kTriangle:
      return 1;
    case Filter::kBicubic:
      return 2;
    default:
      return 3;
  }
}

FASTDCT_HD double bicubic(double x) {  // Keys 1981, with a = -1/2
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

FASTDCT_HD double lanczos3(double x) {
  if (x == 0) return 1;
  if (!(x > -3 && x < 3)) return 0;
  const double t = 3.14159265358979323846 * x;
  return 3 * std::sin(t) * std::sin(t / 3) / (t * t);
}

FASTDCT_HD double filter_value(Filter filter, double x) {
  switch (filter) {
    case Filter::kBox:
      return x > -0.5 && x <= 0.5 ? 1 : 0;
    case Filter::kTriangle:
      return std::fmax(1 - std::abs(x), 0.0);
    case Filter::kBicubic:
      return bicubic(x);
    default:
      return lanczos3(x);
  }
}

}  // namespace fastdct::dct
