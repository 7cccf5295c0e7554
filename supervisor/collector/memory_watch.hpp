// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryWatch: measures the workers whose programs have memory_high or memory_max, all processes of
// each together. A fleet without limits costs nothing.
//
// Threads: one at a time (the telemetry thread).

#include "common/base/clock.hpp"
#include "supervisor/collector/worker_processes.hpp"
#include "supervisor/state/memory_observer.hpp"
#include "supervisor/state/snapshot.hpp"

#include <cstdint>

namespace holdfast::supervisor::collector {

class MemoryWatch {
 public:
  // The references outlive it.
  MemoryWatch(const Clock& clock, MemoryObserver& observer);

  void measure(const FleetSnapshot& snapshot);

 private:
  std::uint64_t memory_of(pid_t leader, config::MemoryMeasure measure);

  MemoryObserver& observer_;
  WorkerProcesses processes_;
  std::uint64_t page_bytes_;
};

}  // namespace holdfast::supervisor::collector
