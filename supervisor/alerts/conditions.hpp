// SPDX-License-Identifier: Apache-2.0
#pragma once

// The alerts that are active now, for /status and its page: those conditions of the alert rules in
// docker/prometheus/ that follow from the current state, under the same names, so that the same
// runbooks apply. Conditions that need a history (error ratio, latency) are left to Prometheus.
//
// Threads: any; pure.

#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

struct ActiveAlert {
  std::string name;      // "HoldfastWorkerCrashLooping": docs/runbooks/ has a page of that name
  std::string severity;  // "critical" or "warning"
  std::string target;    // a worker or program; empty: the stack
  std::string summary;
  std::optional<MonoTime> since;  // when it began, if known
};

// The most severe first.
std::vector<ActiveAlert> active_alerts(const FleetSnapshot& snapshot,
                                       const std::optional<telemetry::Totals>& latest);

}  // namespace holdfast::supervisor::alerts
