// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet as JSON: pure functions of a snapshot. The shape of /status is versioned by "schema";
// docs/status.md describes it. Fields may be added under the same number, never renamed or removed.
//
// Threads: any.

#include "common/base/clock.hpp"
#include "supervisor/alerts/conditions.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::status {

inline constexpr int kStatusSchema = 1;

// What /proc tells of a process; negative: not known.
struct ProcessUsage {
  std::int64_t memory_bytes = -1;  // resident
  double cpu_percent = -1;         // of one core, over the last collection interval
};
using UsageOf = std::function<ProcessUsage(std::int64_t pid)>;

std::string status_json(const FleetSnapshot& snapshot, MonoTime now, const UsageOf& usage,
                        const std::vector<alerts::ActiveAlert>& active);
// The fleet is ready or not: {"status":"pass"} or {"status":"fail","reason":…}.
std::string ready_json(const FleetSnapshot& snapshot);
// The same with what is behind it: "checks" of database, redis and queue as the workers see them
// (`latest`), and every program. A check that fails turns "pass" into "warn" and no more: whether
// the stack takes traffic is the fleet's readiness alone.
std::string ready_json_verbose(const FleetSnapshot& snapshot,
                               const std::optional<telemetry::Totals>& latest);
std::string health_json(const FleetSnapshot& snapshot, MonoTime now);
std::string event_json(const EventRecord& event);
std::string events_json(const std::vector<EventRecord>& events, std::uint64_t last_seq);

}  // namespace holdfast::supervisor::status
