// Memory for vectors: aligned to a cache line, kept from one image to the next, always holding finite numbers.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace fastdct {

constexpr size_t kCacheLine = 64;

// Grows, never shrinks. Growing zeroes the contents: a kernel may load lanes that it then ignores, but what it
// loads must be initialised, and finite since zero times infinity is not zero.
template <typename T>
class AlignedBuffer {
 public:
  T* reserve(size_t count) {
    if (count > size_) {
      data_.reset();
      size_ = 0;
      const std::align_val_t alignment{kCacheLine};
      data_.reset(static_cast<T*>(::operator new(count * sizeof(T), alignment)));
      size_ = count;
      std::fill_n(data_.get(), count, T{});
    }
    return data_.get();
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* pointer) const { ::operator delete(pointer, std::align_val_t{kCacheLine}); }
  };
  std::unique_ptr<T, Free> data_;
  size_t size_ = 0;
};

constexpr size_t round_up(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace fastdct
