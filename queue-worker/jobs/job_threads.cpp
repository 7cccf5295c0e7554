// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/job_threads.hpp"

#include "common/os/thread.hpp"

namespace holdfast::queue {

JobThreads::JobThreads(std::vector<std::shared_ptr<worker::Beat>> beats)
    : beats_(std::move(beats)) {
  for (const auto& beat : beats_) {
    threads_.emplace_back([this, &beat = *beat] { work(beat); });
  }
}

JobThreads::~JobThreads() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void JobThreads::run(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void JobThreads::work(worker::Beat& beat) {
  prepare_thread("job");
  const std::function<void()> touch = [&beat] { beat.touch(); };
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (stopping_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    beat.begin();
    task(touch);
    beat.end();
  }
}

}  // namespace holdfast::queue
