// Lanes as a loop over floats, for machines without a level of their own. See common/lanes.h.
#pragma once
#include "common/lanes_count.h"
#include "common/real.h"

namespace fastdct::FASTDCT_LANES {

struct LaneMask {
  bool lane[kLanes];
};
struct Lanes {
  float lane[kLanes];
  FASTDCT_HD Lanes() = default;
  FASTDCT_HD Lanes(float value) {
    for (float& x : lane) x = value;
  }
  FASTDCT_HD static Lanes load(const float* p) {
    Lanes x;
    for (int i = 0; i < kLanes; ++i) x.lane[i] = p[i];
    return x;
  }
  FASTDCT_HD static Lanes load_halves(const std::uint16_t* p) {
    Lanes x;
    for (int i = 0; i < kLanes; ++i) x.lane[i] = half_to_float(p[i]);
    return x;
  }
  FASTDCT_HD void store(float* p) const {
    for (int i = 0; i < kLanes; ++i) p[i] = lane[i];
  }
};
struct LaneInts {
  std::int32_t lane[kLanes];
  FASTDCT_HD LaneInts() = default;
  FASTDCT_HD LaneInts(std::int32_t value) {
    for (std::int32_t& x : lane) x = value;
  }
  FASTDCT_HD void store(std::int32_t* p) const {
    for (int i = 0; i < kLanes; ++i) p[i] = lane[i];
  }
};

FASTDCT_HD std::int32_t wrapped_sum(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

// One operation, done lane by lane.
#define FASTDCT_EACH_LANE(Result, expression)                   \
  Result result;                                                \
  for (int i = 0; i < kLanes; ++i) result.lane[i] = expression; \
  return result

FASTDCT_HD LaneMask operator&(LaneMask a, LaneMask b) { FASTDCT_EACH_LANE(LaneMask, a.lane[i] && b.lane[i]); }
FASTDCT_HD LaneMask operator|(LaneMask a, LaneMask b) { FASTDCT_EACH_LANE(LaneMask, a.lane[i] || b.lane[i]); }
FASTDCT_HD Lanes operator+(Lanes a, Lanes b) { FASTDCT_EACH_LANE(Lanes, a.lane[i] + b.lane[i]); }
FASTDCT_HD Lanes operator-(Lanes a, Lanes b) { FASTDCT_EACH_LANE(Lanes, a.lane[i] - b.lane[i]); }
FASTDCT_HD Lanes operator*(Lanes a, Lanes b) { FASTDCT_EACH_LANE(Lanes, a.lane[i] * b.lane[i]); }
FASTDCT_HD Lanes operator/(Lanes a, Lanes b) { FASTDCT_EACH_LANE(Lanes, a.lane[i] / b.lane[i]); }
FASTDCT_HD LaneMask operator<(Lanes a, Lanes b) { FASTDCT_EACH_LANE(LaneMask, a.lane[i] < b.lane[i]); }
FASTDCT_HD LaneMask operator>(Lanes a, Lanes b) { FASTDCT_EACH_LANE(LaneMask, a.lane[i] > b.lane[i]); }
FASTDCT_HD Lanes fused(Lanes a, Lanes b, Lanes c) {
  FASTDCT_EACH_LANE(Lanes, fastdct::fused(a.lane[i], b.lane[i], c.lane[i]));
}
FASTDCT_HD Lanes fused_negative(Lanes a, Lanes b, Lanes c) {
  FASTDCT_EACH_LANE(Lanes, fastdct::fused_negative(a.lane[i], b.lane[i], c.lane[i]));
}
FASTDCT_HD Lanes at_least(Lanes x, Lanes floor) {
  FASTDCT_EACH_LANE(Lanes, fastdct::at_least(x.lane[i], floor.lane[i]));
}
FASTDCT_HD Lanes only_where(LaneMask m, Lanes x) {
  FASTDCT_EACH_LANE(Lanes, fastdct::only_where(m.lane[i], x.lane[i]));
}
FASTDCT_HD Lanes select(LaneMask m, Lanes yes, Lanes no) {
  FASTDCT_EACH_LANE(Lanes, m.lane[i] ? yes.lane[i] : no.lane[i]);
}
FASTDCT_HD Lanes magnitude(Lanes x) { FASTDCT_EACH_LANE(Lanes, fastdct::magnitude(x.lane[i])); }
FASTDCT_HD LaneInts operator+(LaneInts a, LaneInts b) {
  FASTDCT_EACH_LANE(LaneInts, wrapped_sum(a.lane[i], b.lane[i]));
}
FASTDCT_HD Lanes to_floats(LaneInts x) { FASTDCT_EACH_LANE(Lanes, static_cast<float>(x.lane[i])); }
FASTDCT_HD LaneInts bits_of(Lanes x) { FASTDCT_EACH_LANE(LaneInts, fastdct::bits_of(x.lane[i])); }
FASTDCT_HD LaneInts counting_from(std::int32_t first) { FASTDCT_EACH_LANE(LaneInts, first + i); }
FASTDCT_HD LaneMask first_lanes(int count) { FASTDCT_EACH_LANE(LaneMask, i < count); }
#undef FASTDCT_EACH_LANE

FASTDCT_HD unsigned bits_of(LaneMask m) {
  unsigned bits = 0;
  for (int i = 0; i < kLanes; ++i) bits |= static_cast<unsigned>(m.lane[i]) << i;
  return bits;
}

// Writes the chosen lanes one after another; may write kLanes values.
FASTDCT_HD void store_chosen(LaneMask m, Lanes x, float* p) {
  for (int i = 0; i < kLanes; ++i) {
    if (m.lane[i]) *p++ = x.lane[i];
  }
}

FASTDCT_HD void store_chosen(LaneMask m, LaneInts x, std::int32_t* p) {
  for (int i = 0; i < kLanes; ++i) {
    if (m.lane[i]) *p++ = x.lane[i];
  }
}

}  // namespace fastdct::FASTDCT_LANES
