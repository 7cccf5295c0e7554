// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/loop_metrics.hpp"

#include "common/metrics/catalogue.hpp"
#include "common/metrics/histogram.hpp"

namespace holdfast::supervisor {

LoopMetrics::LoopMetrics() : loop_lag_(metrics::declared_histogram("holdfast_loop_lag_seconds")) {}

void LoopMetrics::announce(const std::string& program) {
  const std::lock_guard lock(mutex_);
  for (const char* reason :
       {"crash", "exit", "hang", "memory", "ready_timeout", "spawn", "unhealthy"})
    restarts_.try_emplace({program, reason}, 0);
  forced_kills_.try_emplace(program, 0);
}

void LoopMetrics::announce_health_checks(const std::string& program) {
  const std::lock_guard lock(mutex_);
  for (const char* outcome : {"success", "failure", "unknown"})
    health_checks_.try_emplace({program, outcome}, 0);
}

void LoopMetrics::count_health_check(const std::string& program, const std::string& outcome) {
  const std::lock_guard lock(mutex_);
  ++health_checks_[{program, outcome}];
}

void LoopMetrics::count_restart(const std::string& program, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++restarts_[{program, reason}];
}

void LoopMetrics::count_orphan(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  reaped_orphans_ += number;
}

void LoopMetrics::set_ignored_notifications(const std::string& reason, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  ignored_notifications_[reason] = total;
}

void LoopMetrics::count_forced_kill(const std::string& program) {
  const std::lock_guard lock(mutex_);
  ++forced_kills_[program];
}

void LoopMetrics::count_reopened_listener(const std::string& listener) {
  const std::lock_guard lock(mutex_);
  ++reopened_listeners_[listener];
}

void LoopMetrics::set_crash_reports(std::uint64_t kept, std::uint64_t failed) {
  const std::lock_guard lock(mutex_);
  crash_reports_kept_ = kept;
  crash_reports_failed_ = failed;
}

void LoopMetrics::observe_loop_lag(Duration lag) {
  const std::lock_guard lock(mutex_);
  metrics::observe(loop_lag_, lag);
}

std::vector<metrics::Family> LoopMetrics::families() const {
  const auto count = [](std::uint64_t value) { return static_cast<double>(value); };
  const std::lock_guard lock(mutex_);
  std::vector<metrics::Family> result;

  metrics::Family restarts = metrics::declared_family("holdfast_worker_restarts_total");
  for (const auto& [key, value] : restarts_) {
    restarts.add({{"program", key.first}, {"reason", key.second}}, count(value));
  }
  result.push_back(std::move(restarts));

  metrics::Family checks = metrics::declared_family("holdfast_health_checks_total");
  for (const auto& [key, value] : health_checks_)
    checks.add({{"outcome", key.second}, {"program", key.first}}, count(value));
  if (!checks.samples.empty()) result.push_back(std::move(checks));

  metrics::Family ignored = metrics::declared_family("holdfast_notify_ignored_total");
  for (const auto& [reason, value] : ignored_notifications_)
    ignored.add({{"reason", reason}}, count(value));
  result.push_back(std::move(ignored));

  metrics::Family reopened = metrics::declared_family("holdfast_listener_reopened_total");
  for (const auto& [listener, value] : reopened_listeners_)
    reopened.add({{"listener", listener}}, count(value));
  result.push_back(std::move(reopened));

  metrics::Family forced = metrics::declared_family("holdfast_shutdown_forced_total");
  for (const auto& [program, value] : forced_kills_)
    forced.add({{"program", program}}, count(value));
  result.push_back(std::move(forced));

  result.push_back(
      metrics::declared_family("holdfast_strangers_reaped_total").add(count(reaped_orphans_)));

  result.push_back(
      metrics::declared_family("holdfast_crash_reports_total").add(count(crash_reports_kept_)));
  result.push_back(metrics::declared_family("holdfast_crash_reports_dropped_total")
                       .add(count(crash_reports_failed_)));

  metrics::Family lag = metrics::declared_family("holdfast_loop_lag_seconds");
  lag.samples.push_back({{}, loop_lag_});
  result.push_back(std::move(lag));
  return result;
}

}  // namespace holdfast::supervisor
