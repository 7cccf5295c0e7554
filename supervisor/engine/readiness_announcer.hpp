// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadinessAnnouncer: reports each time that the fleet becomes ready, and how long it took. In
// development the first time comes with the commands to try next.
//
// Threads: the main loop.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "supervisor/engine/reporter.hpp"
#include "supervisor/state/snapshot.hpp"

namespace holdfast::supervisor {

class ReadinessAnnouncer {
 public:
  // Both outlive the announcer.
  ReadinessAnnouncer(log::Logger& log, Reporter& reporter) : log_(log), reporter_(reporter) {}

  void start(MonoTime now) { not_ready_since_ = now; }
  void fleet_changed(const FleetSnapshot& snapshot, bool development);

 private:
  void announce(const FleetSnapshot& snapshot, bool development);
  void print_hints(const FleetSnapshot& snapshot) const;

  log::Logger& log_;
  Reporter& reporter_;
  bool ready_ = false;
  bool announced_ = false;      // at least once
  MonoTime not_ready_since_{};  // while it is not ready
};

}  // namespace holdfast::supervisor
