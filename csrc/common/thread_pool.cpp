#include "common/thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace fastdct {

struct ThreadPool::Job {
  const std::function<void()>* work;
  std::mutex mutex;
  std::condition_variable done;
  int running = 0;
  bool closed = false;  // the caller no longer needs help
  std::exception_ptr error;

  void call() {
    try {
      (*work)();
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      if (!error) error = std::current_exception();
    }
  }
};

namespace {

std::atomic<ThreadPool*> g_pool{nullptr};

// The parent's pool, its locks in whatever state, is left alone in the child.
void forget_pool() { g_pool.store(nullptr); }

}  // namespace

ThreadPool& ThreadPool::instance() {
  static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
  (void)registered;
  ThreadPool* pool = g_pool.load();
  if (pool != nullptr) return *pool;
  auto* fresh = new ThreadPool();
  if (g_pool.compare_exchange_strong(pool, fresh)) return *fresh;
  delete fresh;
  return *pool;
}

// Threads are detached; those that cannot be started are done without.
void ThreadPool::grow(int num_threads) {
  for (; num_threads_ < num_threads; ++num_threads_) {
    try {
      std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {
      return;
    }
  }
}

void ThreadPool::run(int num_threads, const std::function<void()>& work) {
  const auto job = std::make_shared<Job>();
  job->work = &work;
  if (num_threads > 1) {
    const std::lock_guard<std::mutex> lock(mutex_);
    grow(num_threads - 1);
    for (int i = 1; i < num_threads; ++i) queue_.push_back(job);
  }
  if (num_threads > 1) wake_.notify_all();
  job->call();
  std::unique_lock<std::mutex> lock(job->mutex);
  job->closed = true;
  job->done.wait(lock, [&] { return job->running == 0; });
  if (job->error) std::rethrow_exception(job->error);
}

void ThreadPool::serve() {
  for (;;) {
    std::shared_ptr<Job> job;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [&] { return !queue_.empty(); });
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    {
      const std::lock_guard<std::mutex> lock(job->mutex);
      if (job->closed) continue;
      ++job->running;
    }
    job->call();
    const std::lock_guard<std::mutex> lock(job->mutex);
    if (--job->running == 0) job->done.notify_all();
  }
}

int num_available_cpus() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace fastdct
