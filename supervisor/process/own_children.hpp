// SPDX-License-Identifier: Apache-2.0
#pragma once

// OwnChildren: the children that other threads than the main loop's have started and will reap
// themselves. The reaper, which collects orphans, leaves them alone. While one is being started,
// its pid is not known yet: until it is, every unknown child may be the one.
//
// Threads: any.

#include <sys/types.h>

#include <mutex>
#include <set>

namespace holdfast::supervisor::process {

class OwnChildren {
 public:
  // From before a child is started until its pid was added, or it could not be started.
  class Launch {
   public:
    explicit Launch(OwnChildren& children) : children_(children) { children_.begin(); }
    ~Launch() { children_.end(); }
    Launch(const Launch&) = delete;
    Launch& operator=(const Launch&) = delete;

   private:
    OwnChildren& children_;
  };

  void add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.insert(pid);
  }
  // Once it has been reaped.
  void remove(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.erase(pid);
  }
  bool may_contain(pid_t pid) const {
    const std::lock_guard lock(mutex_);
    return launches_ > 0 || pids_.contains(pid);
  }

 private:
  void begin() {
    const std::lock_guard lock(mutex_);
    ++launches_;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    --launches_;
  }

  mutable std::mutex mutex_;
  std::set<pid_t> pids_;
  int launches_ = 0;
};

}  // namespace holdfast::supervisor::process
