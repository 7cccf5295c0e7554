// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/base/clock.hpp"

#include <atomic>
#include <cstdint>

namespace holdfast::worker {

// The heartbeat of a thread that does work. While it works it must call touch() at least every half
// watchdog period, or the worker stops beating its watchdog and the supervisor restarts it.
class Beat {
 public:
  void begin();  // work starts: from here on touch() is expected
  void touch();
  void end();  // idle: nothing is expected
  bool fresh(MonoTime now, Duration limit) const;

 private:
  std::atomic<std::int64_t> touched_ns_{0};  // 0: idle
};

}  // namespace holdfast::worker
