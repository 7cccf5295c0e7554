// SPDX-License-Identifier: Apache-2.0
#pragma once

// UsageCache: what workers use, all of their processes together, read from /proc on demand and kept
// for a second, so that a fleet that nobody looks at costs nothing. CPU is the share of one core
// since the previous reading.
//
// Threads: one at a time (the telemetry thread).

#include "common/base/clock.hpp"
#include "supervisor/collector/process_stats.hpp"
#include "supervisor/collector/worker_processes.hpp"

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
  // `supervisor`: its pid.
  UsageCache(const Clock& clock, pid_t supervisor);

  // Of the worker whose first process this is.
  Usage of(std::int64_t pid);
  // Of that process, with the memory of all, for the process_* families.
  std::optional<ProcessStats> stats(std::int64_t pid);
  void forget(std::int64_t pid) { readings_.erase(pid); }

 private:
  struct Share {
    double cpu_seconds = 0;
    double start_time_seconds = 0;
  };
  struct Reading {
    ProcessStats stats;
    MonoTime at{};
    double cpu_percent = -1;
    std::map<pid_t, Share> others;
    Detail detail = Detail::Usage;
  };
  double add_others(pid_t leader, Reading& reading, const Reading* before);
  const Reading* read(std::int64_t pid, Detail detail);

  const Clock& clock_;
  std::optional<HostFacts> host_;
  WorkerProcesses processes_;
  std::map<std::int64_t, Reading> readings_;
};

}  // namespace holdfast::supervisor::collector
