// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerProcesses: which processes belong to a worker besides its first one: the descendants whose
// parents live, and the orphans of its session or group, which are the supervisor's children. The
// cost is that of the worker's own processes, not of all that run on the host.
//
// Threads: one at a time (the telemetry thread).

#include "common/base/clock.hpp"

#include <sys/types.h>

#include <map>
#include <vector>

namespace holdfast::supervisor::collector {

class WorkerProcesses {
 public:
  // `supervisor`: whose children the orphans are.
  WorkerProcesses(const Clock& clock, pid_t supervisor) : clock_(clock), supervisor_(supervisor) {}

  // All but `leader` itself.
  std::vector<pid_t> others_of(pid_t leader);

 private:
  void find_orphans();

  const Clock& clock_;
  pid_t supervisor_;
  std::map<pid_t, std::vector<pid_t>> orphans_;  // by session
  MonoTime orphans_at_{};
};

}  // namespace holdfast::supervisor::collector
