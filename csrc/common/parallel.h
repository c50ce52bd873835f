// Items of work shared out over threads.
#pragma once
#include <atomic>
#include <cstdint>

#include "common/thread_pool.h"

namespace fastdct {

inline int num_workers(std::int64_t num_items, int num_threads) {
  return static_cast<int>(num_items < num_threads ? num_items : num_threads);
}

// Calls work(worker, item) once for every item below num_items, started in rising order, on at most
// num_workers
// (>= 1) threads at once; worker, below num_workers, is another one on each thread.
template <class Work>
void parallel_for(std::int64_t num_items, int num_workers, const Work& work) {
  std::atomic<std::int64_t> next_item{0};
  std::atomic<int> next_worker{0};
  ThreadPool::instance().run(num_workers, [&] {
    const int worker = next_worker++;
    for (std::int64_t item = next_item++; item < num_items; item = next_item++) work(worker, item);
  });
}

}  // namespace fastdct
