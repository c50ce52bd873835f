// Memory of one batch: chunks from which the planes of its images are cut, in any thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "jpeg/entropy/output.h"

namespace fastdct {

class Arena : public jpeg::Allocator {
 public:
  Arena() = default;
  ~Arena() override { release(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // 64-byte aligned. Valid as long as the arena, and until reset().
  int16_t* allocate(size_t num_elements) override;

  // Keeps the memory and forgets what it held: a later batch of the same size causes no page faults.
  void reset();

  // Gives the memory back.
  void release();

  size_t capacity() const;  // bytes

 private:
  struct Chunk {
    char* data;
    size_t size, used;
  };

  mutable std::mutex mutex_;
  std::vector<Chunk> chunks_;
  size_t current_ = 0;  // chunks before it are full
};

}  // namespace fastdct
