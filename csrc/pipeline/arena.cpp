#include "pipeline/arena.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace fastdct {
namespace {

constexpr size_t kAlignment = 64;

// Large enough that an image seldom needs a chunk of its own, small enough that malloc keeps freed chunks for the next
// batch (glibc returns blocks above 32 MB to the system at once, and the next batch would pay for every page again).
constexpr size_t kChunkSize = size_t{8} << 20;

}  // namespace

int16_t* Arena::allocate(size_t num_elements) {
  const size_t size = (num_elements * sizeof(int16_t) + kAlignment - 1) / kAlignment * kAlignment;
  const std::lock_guard<std::mutex> lock(mutex_);
  while (current_ < chunks_.size() && chunks_[current_].size - chunks_[current_].used < size) ++current_;
  if (current_ == chunks_.size()) {
    const size_t chunk_size = std::max(size, kChunkSize);
    void* data = std::aligned_alloc(kAlignment, chunk_size);
    if (data == nullptr) throw std::bad_alloc();
    chunks_.push_back({{static_cast<char*>(data), std::free}, chunk_size, 0});
  }
  Chunk& chunk = chunks_[current_];
  char* place = chunk.data.get() + chunk.used;
  chunk.used += size;
  return reinterpret_cast<int16_t*>(place);
}

void Arena::reset() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Chunk& chunk : chunks_) chunk.used = 0;
  current_ = 0;
}

size_t Arena::capacity() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t bytes = 0;
  for (const Chunk& chunk : chunks_) bytes += chunk.size;
  return bytes;
}

}  // namespace fastdct
