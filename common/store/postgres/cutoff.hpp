// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cutoff: the time after which a store waits for its server no more, whatever its limits say. A
// process that drains sets it: a server that is silent must not keep it beyond its budget.
//
// Threads: any, concurrently. wake_fd() is for poll(2): readable once the time is set.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <atomic>
#include <chrono>

namespace holdfast::store::postgres {

class Cutoff {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Cutoff();

  void set(Time time);  // the earliest counts
  Time time() const { return Time(Time::duration(time_.load())); }
  bool is_set() const { return time() != Time::max(); }
  bool passed() const { return std::chrono::steady_clock::now() >= time(); }
  // Without a descriptor for it, -1: then waits that have begun end by their own limits.
  int wake_fd() const { return wake_.get(); }

 private:
  std::atomic<Time::rep> time_ = Time::max().time_since_epoch().count();
  Fd wake_;
};

}  // namespace holdfast::store::postgres
