// Native threads that stay: starting one costs as much as decoding a small image.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace fastdct {

class ThreadPool {
 public:
  // The pool of this process. It is made when first used, and again in a child after fork(), where the parent's
  // threads do not exist. It is never destroyed: its threads hold nothing that must be given back, and a process that
  // exits need not wait for them.
  static ThreadPool& instance();

  // Calls work() in this thread and in up to num_threads - 1 others, and returns when all calls have. work() shares out
  // what there is to do by itself; an exception of any call is thrown on here. Several threads may call run() at once.
  void run(int num_threads, const std::function<void()>& work);

 private:
  struct Job;
  ThreadPool() = default;
  void grow(int num_threads);
  void serve();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> queue_;
  int num_threads_ = 0;
};

// Threads that this process may run at once: its affinity mask, not the machine.
int num_available_cpus();

}  // namespace fastdct
