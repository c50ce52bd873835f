// Large blocks of memory that are handed out again. A new block costs a page fault for every 4 KB, which for
// a batch takes longer than decoding it; one that was used before costs nothing.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace fastdct {

class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  // Memory of `size` bytes, aligned to a cache line, contents undefined. It comes back when the last owner
  // lets go, and is freed instead if the pool is gone or holds enough.
  std::shared_ptr<char> take(size_t size);

 private:
  // A batch in use and the one before it: what a loop needs that drops each batch when the next one is there.
  static constexpr size_t kMaxKept = 2;

  struct Block {
    std::unique_ptr<char, void (*)(void*)> data;
    size_t size;
  };

  void give_back(Block block);

  std::mutex mutex_;
  std::vector<Block> kept_;
};

}  // namespace fastdct
