// SPDX-License-Identifier: Apache-2.0
#pragma once

// The states that hold now and that there are alerts for (condition_table.hpp): one look at the
// fleet and at its metrics, without a memory. How long they must hold is the rules' business.
//
// Threads: any; pure.

#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::alerts {

struct ActiveAlert {
  std::string name;      // "HoldfastWorkerCrashLooping": docs/runbooks/ has a page of that name
  std::string severity;  // "critical" or "warning"
  std::string target;    // a worker or program; empty: the stack
  std::string summary;
  std::optional<MonoTime> since;    // when it began, if known
  std::string program = {};         // that it is about; empty: none in particular
  bool firing = false;              // it has lasted long enough, or its events were enough
  std::uint64_t count = 0;          // events; 0: it is a state
  std::string silenced_until = {};  // RFC 3339; empty: it is not
};

// How long the oldest job that is due may wait.
inline constexpr Duration kBacklogThreshold = std::chrono::seconds(300);

// The most severe first.
std::vector<ActiveAlert> active_alerts(const FleetSnapshot& snapshot,
                                       const std::optional<telemetry::Totals>& latest,
                                       Duration backlog_threshold = kBacklogThreshold);

// Whether it can be told that an alert's state is over: not while nobody reports the metrics that
// it comes from, nor, where each worker reports for itself, while one of them is coming up.
bool is_known(std::string_view name, const std::string& target, const FleetSnapshot& snapshot,
              const std::optional<telemetry::Totals>& latest);

// The most severe first, as they were otherwise.
void sort_by_severity(std::vector<ActiveAlert>& alerts);

}  // namespace holdfast::supervisor::alerts
