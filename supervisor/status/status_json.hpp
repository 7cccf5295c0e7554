// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet and its events as JSON. The shape of /status is versioned by "schema"; docs/status.md
// describes it. `latest`: what the workers say of the store counts, as in /ready. Fields may be
// added under the same number, but never renamed or removed.
//
// Threads: any; pure functions.

#include "common/base/clock.hpp"
#include "supervisor/alerts/conditions.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/status/ready_json.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace holdfast::supervisor::status {

inline constexpr int kStatusSchema = 1;

// What a process uses, from /proc; negative: unknown.
struct ProcessUsage {
  std::int64_t memory_bytes = -1;  // resident
  double cpu_percent = -1;         // of one core, over the last collection interval
};
using UsageOf = std::function<ProcessUsage(std::int64_t pid)>;

// The id of the last crash report of each worker.
using LastCrashes = std::map<std::string, std::string>;

std::string status_json(const FleetSnapshot& snapshot, MonoTime now, const UsageOf& usage,
                        const std::vector<alerts::ActiveAlert>& active, const Latest& latest,
                        const LastCrashes& crashes = {});
std::string health_json(const FleetSnapshot& snapshot, MonoTime now, const Latest& latest);
std::string event_json(const EventRecord& event);
std::string events_json(const std::vector<EventRecord>& events, std::uint64_t last_seq);

}  // namespace holdfast::supervisor::status
