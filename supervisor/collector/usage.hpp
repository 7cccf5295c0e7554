// SPDX-License-Identifier: Apache-2.0
#pragma once

// UsageCache: what processes use, read from /proc on demand and kept for a second, so that a fleet
// that nobody looks at costs nothing. CPU is the share of one core since the previous reading.
//
// Threads: one at a time (the telemetry thread).

#include "common/base/clock.hpp"
#include "supervisor/collector/process_stats.hpp"

#include <cstdint>
#include <map>
#include <optional>

namespace holdfast::supervisor::collector {

struct Usage {
  std::int64_t memory_bytes = -1;  // negative: unknown
  double cpu_percent = -1;
};

class UsageCache {
 public:
  explicit UsageCache(const Clock& clock);

  Usage of(std::int64_t pid);
  // Everything, for the process_* families.
  std::optional<ProcessStats> stats(std::int64_t pid);
  void forget(std::int64_t pid) { readings_.erase(pid); }

 private:
  struct Reading {
    ProcessStats stats;
    MonoTime at{};
    double cpu_percent = -1;
    Detail detail = Detail::Usage;
  };
  const Reading* read(std::int64_t pid, Detail detail);

  const Clock& clock_;
  std::optional<HostFacts> host_;
  std::map<std::int64_t, Reading> readings_;
};

}  // namespace holdfast::supervisor::collector
