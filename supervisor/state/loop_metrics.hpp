// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoopMetrics: the main loop's counts of its own work, for the holdfast_* families.
//
// Threads: any. Written on the main loop, read by the telemetry thread; locked briefly.

#include "common/base/clock.hpp"
#include "common/metrics/model.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

class LoopMetrics {
 public:
  LoopMetrics();

  // Exposes the program's counters at zero. A counter that first appears with its first event is an
  // increase that rate() and increase() cannot see.
  void announce(const std::string& program);
  void count_restart(const std::string& program, const std::string& reason);
  void count_orphan(std::uint64_t number);
  // `total` since the start: the notification socket keeps the count.
  void ignored_notices(const std::string& reason, std::uint64_t total);
  void count_forced_kill(const std::string& program);
  void observe_loop_lag(Duration lag);

  // The families, ready to be written out.
  std::vector<metrics::Family> families() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> restarts_;
  std::map<std::string, std::uint64_t> ignored_notices_;
  std::map<std::string, std::uint64_t> forced_kills_;
  std::uint64_t orphans_ = 0;
  metrics::HistogramValue loop_lag_;
};

}  // namespace holdfast::supervisor
