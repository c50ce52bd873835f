// Lanes in two AVX2 registers. See common/lanes.h.
#pragma once
#include <immintrin.h>

#include "common/lanes_count.h"
#include "common/real.h"

namespace fastdct::FASTDCT_LANES {

struct LaneMask {
  __m256 low, high;
};
FASTDCT_HD LaneMask operator&(LaneMask a, LaneMask b) {
  return {_mm256_and_ps(a.low, b.low), _mm256_and_ps(a.high, b.high)};
}
FASTDCT_HD LaneMask operator|(LaneMask a, LaneMask b) {
  return {_mm256_or_ps(a.low, b.low), _mm256_or_ps(a.high, b.high)};
}
FASTDCT_HD unsigned bits_of(LaneMask m) {
  return static_cast<unsigned>(_mm256_movemask_ps(m.low)) | static_cast<unsigned>(_mm256_movemask_ps(m.high))
                                                                << 8;
}

FASTDCT_HD LaneMask first_lanes(int count) {
  const __m256 index = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7),
               end = _mm256_set1_ps(static_cast<float>(count));
  return {_mm256_cmp_ps(index, end, _CMP_LT_OQ),
          _mm256_cmp_ps(_mm256_add_ps(index, _mm256_set1_ps(8)), end, _CMP_LT_OQ)};
}

struct Lanes {
  __m256 low, high;
  FASTDCT_HD Lanes() = default;
  FASTDCT_HD Lanes(__m256 l, __m256 h) : low(l), high(h) {}
  FASTDCT_HD Lanes(float value) : low(_mm256_set1_ps(value)), high(low) {}
  FASTDCT_HD static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  FASTDCT_HD static Lanes load_halves(const std::uint16_t* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
            _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
  }
  FASTDCT_HD void store(float* p) const {
    _mm256_storeu_ps(p, low);
    _mm256_storeu_ps(p + 8, high);
  }
};
FASTDCT_HD Lanes operator+(Lanes a, Lanes b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
FASTDCT_HD Lanes operator-(Lanes a, Lanes b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
FASTDCT_HD Lanes operator*(Lanes a, Lanes b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
FASTDCT_HD Lanes operator/(Lanes a, Lanes b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
FASTDCT_HD LaneMask operator<(Lanes a, Lanes b) {
  return {_mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ), _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ)};
}
FASTDCT_HD LaneMask operator>(Lanes a, Lanes b) { return b < a; }
FASTDCT_HD Lanes fused(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
FASTDCT_HD Lanes fused_negative(Lanes a, Lanes b, Lanes c) {
  return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
FASTDCT_HD Lanes at_least(Lanes x, Lanes floor) {
  return {_mm256_max_ps(x.low, floor.low), _mm256_max_ps(x.high, floor.high)};
}
FASTDCT_HD Lanes only_where(LaneMask m, Lanes x) {
  return {_mm256_and_ps(m.low, x.low), _mm256_and_ps(m.high, x.high)};
}
FASTDCT_HD Lanes select(LaneMask m, Lanes yes, Lanes no) {
  return {_mm256_blendv_ps(no.low, yes.low, m.low), _mm256_blendv_ps(no.high, yes.high, m.high)};
}
FASTDCT_HD __m256 sum_of_halves(Lanes x) { return _mm256_add_ps(x.low, x.high); }
FASTDCT_HD Lanes magnitude(Lanes x) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, x.low), _mm256_andnot_ps(sign, x.high)};
}

// Writes the chosen lanes one after another; may write kLanes values.
FASTDCT_HD void store_chosen(LaneMask m, Lanes x, float* p) {
  alignas(32) float all[kLanes];
  x.store(all);
  for (unsigned rest = bits_of(m); rest != 0; rest &= rest - 1) *p++ = all[__builtin_ctz(rest)];
}

struct LaneInts {
  __m256i low, high;
  FASTDCT_HD LaneInts() = default;
  FASTDCT_HD LaneInts(__m256i l, __m256i h) : low(l), high(h) {}
  FASTDCT_HD LaneInts(std::int32_t value) : low(_mm256_set1_epi32(value)), high(low) {}
  FASTDCT_HD void store(std::int32_t* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), high);
  }
};
FASTDCT_HD LaneInts counting_from(std::int32_t first) {
  const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), start = _mm256_set1_epi32(first);
  return {_mm256_add_epi32(index, start),
          _mm256_add_epi32(_mm256_add_epi32(index, _mm256_set1_epi32(8)), start)};
}
FASTDCT_HD void store_chosen(LaneMask m, LaneInts x, std::int32_t* p) {
  alignas(32) std::int32_t all[kLanes];
  x.store(all);
  for (unsigned rest = bits_of(m); rest != 0; rest &= rest - 1) *p++ = all[__builtin_ctz(rest)];
}
FASTDCT_HD LaneInts operator+(LaneInts a, LaneInts b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
FASTDCT_HD Lanes to_floats(LaneInts x) { return {_mm256_cvtepi32_ps(x.low), _mm256_cvtepi32_ps(x.high)}; }
FASTDCT_HD LaneInts bits_of(Lanes x) { return {_mm256_castps_si256(x.low), _mm256_castps_si256(x.high)}; }

}  // namespace fastdct::FASTDCT_LANES
