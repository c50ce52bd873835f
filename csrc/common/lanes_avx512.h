// Lanes in one AVX-512 register. See common/lanes.h.
#pragma once
#include <immintrin.h>

#include "common/real.h"

namespace fastdct::FASTDCT_LANES {

struct LaneMask {
  __mmask16 bits;
};
FASTDCT_HD LaneMask operator&(LaneMask a, LaneMask b) { return {static_cast<__mmask16>(a.bits & b.bits)}; }
FASTDCT_HD LaneMask operator|(LaneMask a, LaneMask b) { return {static_cast<__mmask16>(a.bits | b.bits)}; }
FASTDCT_HD unsigned bits_of(LaneMask m) { return m.bits; }

FASTDCT_HD LaneMask first_lanes(int count) { return {static_cast<__mmask16>((1u << count) - 1)}; }

struct Lanes {
  __m512 v;
  FASTDCT_HD Lanes() = default;
  FASTDCT_HD Lanes(__m512 value) : v(value) {}
  FASTDCT_HD Lanes(float value) : v(_mm512_set1_ps(value)) {}
  FASTDCT_HD static Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
  FASTDCT_HD static Lanes load_halves(const std::uint16_t* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  FASTDCT_HD void store(float* p) const { _mm512_storeu_ps(p, v); }
};
FASTDCT_HD Lanes operator+(Lanes a, Lanes b) { return {_mm512_add_ps(a.v, b.v)}; }
FASTDCT_HD Lanes operator-(Lanes a, Lanes b) { return {_mm512_sub_ps(a.v, b.v)}; }
FASTDCT_HD Lanes operator*(Lanes a, Lanes b) { return {_mm512_mul_ps(a.v, b.v)}; }
FASTDCT_HD Lanes operator/(Lanes a, Lanes b) { return {_mm512_div_ps(a.v, b.v)}; }
FASTDCT_HD LaneMask operator<(Lanes a, Lanes b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
FASTDCT_HD LaneMask operator>(Lanes a, Lanes b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
FASTDCT_HD Lanes fused(Lanes a, Lanes b, Lanes c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
FASTDCT_HD Lanes fused_negative(Lanes a, Lanes b, Lanes c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
FASTDCT_HD Lanes at_least(Lanes x, Lanes floor) { return {_mm512_max_ps(x.v, floor.v)}; }
FASTDCT_HD Lanes only_where(LaneMask m, Lanes x) { return {_mm512_maskz_mov_ps(m.bits, x.v)}; }
FASTDCT_HD Lanes select(LaneMask m, Lanes yes, Lanes no) { return {_mm512_mask_mov_ps(no.v, m.bits, yes.v)}; }
FASTDCT_HD __m256 sum_of_halves(Lanes x) {
  const __m256 high = _mm512_maskz_extractf32x8_ps(0xff, x.v, 1);
  return _mm256_add_ps(_mm512_castps512_ps256(x.v), high);
}
FASTDCT_HD Lanes magnitude(Lanes x) { return {_mm512_abs_ps(x.v)}; }

// Writes the chosen lanes one after another; may write kLanes values.
FASTDCT_HD void store_chosen(LaneMask m, Lanes x, float* p) {
  _mm512_storeu_ps(p, _mm512_maskz_compress_ps(m.bits, x.v));
}

struct LaneInts {
  __m512i v;
  FASTDCT_HD LaneInts() = default;
  FASTDCT_HD LaneInts(__m512i value) : v(value) {}
  FASTDCT_HD LaneInts(std::int32_t value) : v(_mm512_set1_epi32(value)) {}
  FASTDCT_HD void store(std::int32_t* p) const { _mm512_storeu_si512(p, v); }
};
FASTDCT_HD LaneInts counting_from(std::int32_t first) {
  const __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return {_mm512_add_epi32(index, _mm512_set1_epi32(first))};
}
FASTDCT_HD void store_chosen(LaneMask m, LaneInts x, std::int32_t* p) {
  _mm512_storeu_si512(p, _mm512_maskz_compress_epi32(m.bits, x.v));
}
FASTDCT_HD LaneInts operator+(LaneInts a, LaneInts b) { return {_mm512_add_epi32(a.v, b.v)}; }
FASTDCT_HD Lanes to_floats(LaneInts x) { return {_mm512_cvtepi32_ps(x.v)}; }
FASTDCT_HD LaneInts bits_of(Lanes x) { return {_mm512_castps_si512(x.v)}; }

}  // namespace fastdct::FASTDCT_LANES
