// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoopMetrics: what the main loop counts of its own work, for the aggregate's holdfast_* families.
//
// Threads: any; one short lock. Written on the main loop, read by the telemetry thread.

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

  // Shows the program's counters from zero on: what appears with its first event is an increase
  // that rate() and increase() cannot see.
  void announce(const std::string& program);
  void count_restart(const std::string& program, const std::string& reason);
  void count_orphan(std::uint64_t number);
  // Since the start: the notification socket keeps the count.
  void ignored_notices(const std::string& reason, std::uint64_t total);
  void count_forced_kill(const std::string& program);
  void observe_loop_lag(Duration lag);

  // The families, ready to be written.
  std::vector<metrics::Family> families() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> restarts_;
  std::map<std::string, std::uint64_t> ignored_notices_;
  std::map<std::string, std::uint64_t> forced_kills_;
  std::uint64_t strangers_ = 0;
  metrics::HistogramValue loop_lag_;
};

}  // namespace holdfast::supervisor
