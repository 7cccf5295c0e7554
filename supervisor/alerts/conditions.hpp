// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with the stack now, for /status and its page: the conditions of the alert rules in
// docker/prometheus/ that one look can tell, under the same names, so that the runbooks fit. Those
// that need a history (error ratio, latency) are Prometheus's alone.
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
  std::string target;    // a worker or a program; empty: the stack
  std::string summary;
  std::optional<MonoTime> since;  // when it began, where that is known
};

// The worst first.
std::vector<ActiveAlert> active_alerts(const FleetSnapshot& snapshot,
                                       const std::optional<telemetry::Totals>& latest);

}  // namespace holdfast::supervisor::alerts
