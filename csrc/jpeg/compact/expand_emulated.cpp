#include "jpeg/compact/expand_emulated.h"

#include "common/thread_order.h"
#include "jpeg/compact/expand.h"

namespace fastdct::jpeg::compact {

void expand_emulated(const void* arena, size_t first_group, size_t num_groups, int16_t* coefficients,
                     uint64_t seed) {
  const auto* bytes = static_cast<const uint8_t*>(arena);
  const Expansion expansion{bytes, reinterpret_cast<Row*>(coefficients)};
  const auto* groups = reinterpret_cast<const Group*>(bytes + first_group);
  ThreadOrder order(seed);
  order.for_each(static_cast<uint32_t>(num_groups), [&](uint32_t i) {
    Shared shared;
    const Group& group = groups[i];
    order.for_each(kThreads, [&](uint32_t t) { measure(expansion, group, static_cast<int>(t), &shared); });
    order.for_each(kThreads, [&](uint32_t t) { place(static_cast<int>(t), &shared); });
    order.for_each(kThreads, [&](uint32_t t) { expand_row(expansion, group, static_cast<int>(t), shared); });
  });
}

}  // namespace fastdct::jpeg::compact
