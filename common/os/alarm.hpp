// SPDX-License-Identifier: Apache-2.0
#pragma once

// Alarm: ends a system call of this thread that would wait for ever, such as flock(2): once its
// time is over, the call fails with EINTR.
//
// Threads: made, asked and destroyed by the one whose calls it ends. Only this thread takes the
// signal, and only while the object lives.

#include "common/base/clock.hpp"

#include <signal.h>
#include <time.h>

#include <chrono>

namespace holdfast {

class Alarm {
 public:
  // Without a timer, which the kernel may refuse, calls wait as if there were no alarm.
  explicit Alarm(Duration after);
  Alarm(const Alarm&) = delete;
  ~Alarm();

  bool is_over() const { return std::chrono::steady_clock::now() >= until_; }

 private:
  std::chrono::steady_clock::time_point until_;
  sigset_t before_{};
  timer_t timer_{};
  bool is_set_ = false;
};

}  // namespace holdfast
