// The loop of a thread that decodes: as many streams at once as the kernels take, each replaced as soon as it
// is finished.
#pragma once
#include <array>

#include "jpeg/entropy/kernels.h"
#include "jpeg/entropy/table_cache.h"

namespace fastdct {

// While one stream waits for a table lookup, the others compute; one that stops leaves the others where they
// are. Only the first `num_slots` are used.
// A Slot has take(work, cache): begins the next piece of work, false when there is none; advance(work):
// goes on after its stream has stopped, false when its piece is finished; stream().
template <typename Slot, typename Work>
void decode_interleaved(std::array<Slot, jpeg::kMaxStreams>& slots, size_t num_slots, Work& work,
                        jpeg::TableCache& cache, bool dc_only) {
  const jpeg::Kernels& kernels = jpeg::kernels();
  const auto decode = dc_only ? kernels.decode_dc : kernels.decode;
  std::array<Slot*, jpeg::kMaxStreams> active;
  std::array<jpeg::Stream*, jpeg::kMaxStreams> streams;
  int count = 0;
  for (size_t i = 0; i < num_slots; ++i)
    if (slots[i].take(work, cache)) active[count++] = &slots[i];
  while (count > 0) {
    for (int i = 0; i < count; ++i) streams[i] = &active[i]->stream();
    decode(streams.data(), count);
    for (int i = count - 1; i >= 0; --i) {
      if (!streams[i]->stopped() || active[i]->advance(work) || active[i]->take(work, cache)) continue;
      active[i] = active[--count];  // the last one, which was looked at before
    }
  }
}

}  // namespace fastdct
