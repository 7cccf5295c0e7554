// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/usage.hpp"

#include <algorithm>

namespace holdfast::supervisor::collector {

namespace {
constexpr Duration kFresh = std::chrono::seconds(1);
}

UsageCache::UsageCache(const Clock& clock, pid_t supervisor)
    : clock_(clock), processes_(clock, supervisor) {
  if (auto host = read_host_facts()) host_ = *host;
}

const UsageCache::Reading* UsageCache::read(std::int64_t pid, Detail detail) {
  if (!host_) return nullptr;
  const MonoTime now = clock_.mono();
  const auto known = readings_.find(pid);
  if (known != readings_.end() && now - known->second.at < kFresh &&
      known->second.detail >= detail) {
    return &known->second;
  }

  auto stats = read_process_stats(static_cast<pid_t>(pid), *host_, detail);
  if (!stats) {
    readings_.erase(pid);
    return nullptr;
  }
  Reading reading{*stats, now, -1, {}, detail};
  const Reading* const before = known == readings_.end() ? nullptr : &known->second;
  const double cpu_of_others = add_others(static_cast<pid_t>(pid), reading, before);
  if (known != readings_.end() &&
      known->second.stats.start_time_seconds == stats->start_time_seconds) {
    const double elapsed = std::chrono::duration<double>(now - known->second.at).count();
    reading.cpu_percent =
        std::max(0.0, (stats->cpu_seconds - known->second.stats.cpu_seconds + cpu_of_others) /
                          elapsed * 100);
  } else {
    // The first reading: the mean since the process started.
    const double age =
        static_cast<double>(to_unix_ms(clock_.wall())) / 1000 - stats->start_time_seconds;
    if (age > 0.1) reading.cpu_percent = stats->cpu_seconds / age * 100;
  }
  return &(readings_[pid] = reading);
}

// Adds the worker's other processes; returns the CPU time that they used since `before`.
double UsageCache::add_others(pid_t leader, Reading& reading, const Reading* before) {
  double used = 0;
  for (const pid_t pid : processes_.others_of(leader)) {
    const auto stats = read_process_stats(pid, *host_, Detail::Usage);
    if (!stats || reading.others.contains(pid)) continue;
    reading.stats.resident_bytes += stats->resident_bytes;
    reading.others[pid] = {stats->cpu_seconds, stats->start_time_seconds};
    if (before == nullptr) continue;
    const auto earlier = before->others.find(pid);
    const bool same = earlier != before->others.end() &&
                      earlier->second.start_time_seconds == stats->start_time_seconds;
    used += stats->cpu_seconds - (same ? earlier->second.cpu_seconds : 0);
  }
  return used;
}

Usage UsageCache::of(std::int64_t pid) {
  const Reading* reading = read(pid, Detail::Usage);
  if (reading == nullptr) return {};
  return {static_cast<std::int64_t>(reading->stats.resident_bytes), reading->cpu_percent};
}

std::optional<ProcessStats> UsageCache::stats(std::int64_t pid) {
  const Reading* reading = read(pid, Detail::All);
  if (reading == nullptr) return std::nullopt;
  return reading->stats;
}

}  // namespace holdfast::supervisor::collector
