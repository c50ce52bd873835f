// Plays the threads of a GPU on the host: in random order, so that what depends on the order shows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace fastdct {

class ThreadOrder {
 public:
  explicit ThreadOrder(uint64_t seed) : random_(seed) {}

  // Calls visit(0 .. count - 1), each once: the thread blocks of a grid, or the threads of a thread block
  // between two barriers.
  template <class Visit>
  void for_each(uint32_t count, Visit visit) {
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    std::shuffle(order.begin(), order.end(), random_);
    for (const uint32_t index : order) visit(index);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace fastdct
