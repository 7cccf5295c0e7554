// SPDX-License-Identifier: Apache-2.0
#pragma once

// LoopMetrics: what the main loop counts of its own work: restarts, forced kills, reaped
// orphans, crash reports, ignored notifications and its lag. The collector exposes them as
// holdfast_* families.
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

  // Exposes the program's counters at 0. rate() and increase() cannot see the increase of a series
  // that first appears with its first event.
  void announce(const std::string& program);
  // The same for one that is asked for its health.
  void announce_health_checks(const std::string& program);
  void count_restart(const std::string& program, const std::string& reason);
  void count_orphan(std::uint64_t number);
  // `total`: since the start, as the notification socket counts it.
  void set_ignored_notifications(const std::string& reason, std::uint64_t total);
  void count_forced_kill(const std::string& program);
  void count_reopened_listener(const std::string& listener);
  // `outcome`: "success", "failure" or "unknown".
  void count_health_check(const std::string& program, const std::string& outcome);
  // Totals since the start, of the crash store.
  void set_crash_reports(std::uint64_t kept, std::uint64_t failed);
  void observe_loop_lag(Duration lag);

  std::vector<metrics::Family> families() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> reopened_listeners_;                     // by name
  std::map<std::pair<std::string, std::string>, std::uint64_t> restarts_;       // program, reason
  std::map<std::string, std::uint64_t> ignored_notifications_;                  // by reason
  std::map<std::string, std::uint64_t> forced_kills_;                           // by program
  std::map<std::pair<std::string, std::string>, std::uint64_t> health_checks_;  // outcome
  std::uint64_t reaped_orphans_ = 0;
  std::uint64_t crash_reports_kept_ = 0;
  std::uint64_t crash_reports_failed_ = 0;
  metrics::HistogramValue loop_lag_;
};

}  // namespace holdfast::supervisor
