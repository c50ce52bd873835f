#include "common/memory_pool.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "common/memory.h"

namespace fastdct {
namespace {

constexpr size_t kCacheLine = 64;

size_t rounded(size_t size, size_t unit) { return (std::max(size, size_t{1}) + unit - 1) / unit * unit; }

char* allocate(size_t size) {
  const size_t unit = size >= 2 * kHugePage ? kHugePage : kCacheLine;
  void* data = std::aligned_alloc(unit, rounded(size, unit));
  if (data == nullptr) throw std::bad_alloc();
  prefer_huge_pages(data, rounded(size, unit));
  return static_cast<char*>(data);
}

}  // namespace

std::shared_ptr<char> MemoryPool::take(size_t size) {
  Block block{{nullptr, std::free}, size};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // A block much larger than what is wanted stays, so that a small batch does not hold a large one's
    // memory.
    const auto fits = [size](const Block& kept) { return kept.size >= size && kept.size / 2 <= size; };
    const auto found = std::find_if(kept_.begin(), kept_.end(), fits);
    if (found != kept_.end()) {
      block = std::move(*found);
      kept_.erase(found);
    }
  }
  if (block.data == nullptr) block.data.reset(allocate(size));
  char* data = block.data.get();
  const size_t capacity = block.size;
  const auto release = [pool = weak_from_this(), capacity](char* memory) {
    Block returned{{memory, std::free}, capacity};
    if (const auto alive = pool.lock()) alive->give_back(std::move(returned));
  };
  block.data.release();
  return {data, release};
}

void MemoryPool::give_back(Block block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (kept_.size() == kMaxKept)
    kept_.erase(kept_.begin());  // the oldest: batches may have changed their size
  kept_.push_back(std::move(block));
}

}  // namespace fastdct
