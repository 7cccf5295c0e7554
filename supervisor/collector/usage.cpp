// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/usage.hpp"

#include <algorithm>

namespace holdfast::supervisor::collector {

namespace {
constexpr Duration kFresh = std::chrono::seconds(1);
}

UsageCache::UsageCache(const Clock& clock) : clock_(clock) {
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
  Reading reading{*stats, now, -1, detail};
  if (known != readings_.end() &&
      known->second.stats.start_time_seconds == stats->start_time_seconds) {
    const double elapsed = std::chrono::duration<double>(now - known->second.at).count();
    reading.cpu_percent =
        std::max(0.0, (stats->cpu_seconds - known->second.stats.cpu_seconds) / elapsed * 100);
  } else {
    // The first reading: the mean since the process started.
    const double age =
        static_cast<double>(to_unix_ms(clock_.wall())) / 1000 - stats->start_time_seconds;
    if (age > 0.1) reading.cpu_percent = stats->cpu_seconds / age * 100;
  }
  return &(readings_[pid] = reading);
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
