// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobThreads: the threads that do the work, each with a liveness beat. Tasks run in the order they
// were given, each on one thread.
//
// Threads: run() from the loop. The destructor drops the tasks that have not begun and waits for
// those that have: tell these to stop first.

#include "common/worker/runtime.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace holdfast::queue {

class JobThreads {
 public:
  // `touch`: the task calls it at least every half watchdog period.
  using Task = std::function<void(const std::function<void()>& touch)>;

  // One thread per beat.
  explicit JobThreads(std::vector<std::shared_ptr<worker::Beat>> beats);
  JobThreads(const JobThreads&) = delete;
  ~JobThreads();

  void run(Task task);

 private:
  void work(worker::Beat& beat);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::vector<std::shared_ptr<worker::Beat>> beats_;
  std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace holdfast::queue
