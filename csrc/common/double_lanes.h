// Eight doubles at once, by the compilers' own vectors: no machine needs more than one multiplication and one
// addition for what is done in them, so that any lowering gives the same bits. See common/lanes.h.
#pragma once
#include <cstdint>

#include "common/host_device.h"

namespace fastdct::FASTDCT_LANES {

constexpr int kDoubleLanes = 8;

struct DoubleLanes {
  typedef double Vector __attribute__((vector_size(64)));
  typedef std::int64_t Mask __attribute__((vector_size(64)));
  Vector v;

  FASTDCT_HD DoubleLanes() = default;
  FASTDCT_HD DoubleLanes(const Vector& value) : v(value) {}
  FASTDCT_HD DoubleLanes(double value) : v(value - Vector{}) {}

  // Every second of sixteen numbers.
  FASTDCT_HD static DoubleLanes load_strided(const double* p) {
    DoubleLanes x;
    for (int i = 0; i < kDoubleLanes; ++i) x.v[i] = p[2 * i];
    return x;
  }
};

FASTDCT_HD DoubleLanes operator+(const DoubleLanes& a, const DoubleLanes& b) { return a.v + b.v; }
FASTDCT_HD DoubleLanes operator-(const DoubleLanes& a, const DoubleLanes& b) { return a.v - b.v; }
FASTDCT_HD DoubleLanes operator*(const DoubleLanes& a, const DoubleLanes& b) { return a.v * b.v; }
FASTDCT_HD DoubleLanes operator/(const DoubleLanes& a, const DoubleLanes& b) { return a.v / b.v; }
FASTDCT_HD DoubleLanes::Mask operator<(const DoubleLanes& a, const DoubleLanes& b) { return a.v < b.v; }
FASTDCT_HD DoubleLanes::Mask operator>(const DoubleLanes& a, const DoubleLanes& b) { return a.v > b.v; }
FASTDCT_HD DoubleLanes::Mask operator<=(const DoubleLanes& a, const DoubleLanes& b) { return a.v <= b.v; }
FASTDCT_HD DoubleLanes fused(const DoubleLanes& a, const DoubleLanes& b, const DoubleLanes& c) {
  return a.v * b.v + c.v;
}
FASTDCT_HD DoubleLanes fused_negative(const DoubleLanes& a, const DoubleLanes& b, const DoubleLanes& c) {
  return c.v - a.v * b.v;
}
FASTDCT_HD DoubleLanes select(const DoubleLanes::Mask& m, const DoubleLanes& yes, const DoubleLanes& no) {
  return m ? yes.v : no.v;
}
FASTDCT_HD double sum_in_order(const DoubleLanes& x) {
  double sum = 0;
  for (int i = 0; i < kDoubleLanes; ++i) sum += x.v[i];
  return sum;
}

}  // namespace fastdct::FASTDCT_LANES
