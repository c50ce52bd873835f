// Items of work shared out over threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace fastdct {

inline int num_workers(std::int64_t num_items, int num_threads) {
  return static_cast<int>(num_items < num_threads ? num_items : num_threads);
}

// Calls work(worker, item) for every item below num_items, items in rising order, on workers 0 ..
// num_workers - 1 (>= 1), of which the caller's thread is the first. `work` must not throw. If the system gives
// no more threads, those that started do it all.
template <class Work>
void parallel_for(std::int64_t num_items, int num_workers, const Work& work) {
  std::atomic<std::int64_t> next{0};
  const auto run = [&](int worker) {
    for (std::int64_t item = next++; item < num_items; item = next++) work(worker, item);
  };
  std::vector<std::thread> helpers;
  helpers.reserve(static_cast<std::size_t>(num_workers));
  try {
    for (int worker = 1; worker < num_workers; ++worker) helpers.emplace_back(run, worker);
  } catch (const std::system_error&) {
  }
  run(0);
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace fastdct
