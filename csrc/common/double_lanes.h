// Eight doubles at once, by the compilers' own vectors: no machine needs more than one multiplication and one
// addition for what is done in them, so that any lowering gives the same bits. See common/lanes.h.
#pragma once
#include <cstdint>
#include <cstring>

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

  FASTDCT_HD static DoubleLanes load(const double* p) {
    DoubleLanes x;
    std::memcpy(&x.v, p, sizeof x.v);
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

// Of eight pairs of numbers the first and the second ones.
FASTDCT_HD void load_pairs(const double* p, DoubleLanes* first, DoubleLanes* second) {
  const DoubleLanes::Vector low = DoubleLanes::load(p).v, high = DoubleLanes::load(p + kDoubleLanes).v;
#if defined(__clang__)
  first->v = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14);
  second->v = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15);
#else
  first->v = __builtin_shuffle(low, high, DoubleLanes::Mask{0, 2, 4, 6, 8, 10, 12, 14});
  second->v = __builtin_shuffle(low, high, DoubleLanes::Mask{1, 3, 5, 7, 9, 11, 13, 15});
#endif
}

// 1 where chosen, else 0, as bytes.
FASTDCT_HD void store_bytes(const DoubleLanes::Mask& m, std::uint8_t* p) {
  typedef std::uint8_t Bytes __attribute__((vector_size(kDoubleLanes)));
  const Bytes bytes = __builtin_convertvector(m & 1, Bytes);
  std::memcpy(p, &bytes, sizeof bytes);
}

FASTDCT_HD double sum_in_order(const DoubleLanes& x) {
  double sum = 0;
  for (int i = 0; i < kDoubleLanes; ++i) sum += x.v[i];
  return sum;
}

}  // namespace fastdct::FASTDCT_LANES
