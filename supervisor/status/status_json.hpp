// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet as JSON: pure functions of a snapshot. The shape of /status is versioned by "schema";
// docs/status.md describes it. Fields may be added under the same number, never renamed or removed.
//
// Threads: any.

#include "common/base/clock.hpp"
#include "supervisor/engine/event_log.hpp"
#include "supervisor/engine/snapshot.hpp"
#include "supervisor/telemetry/samples.hpp"

#include <functional>
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

enum class Verdict { Ready, Starting, Degraded, Draining };
// Starting: not ready yet, never was. Degraded: a required program is short of ready slots, or a
// slot is in a crash loop or failed.
Verdict verdict(const FleetSnapshot& snapshot);
std::string_view to_string(Verdict verdict);

std::string status_json(const FleetSnapshot& snapshot, MonoTime now, const UsageOf& usage);
// {"status":"pass"} or {"status":"fail","reason":…}. With `queues`, verbose: every program, and how
// many jobs each queue has in each state.
std::string ready_json(const FleetSnapshot& snapshot, const telemetry::Queues* queues);
std::string health_json(const FleetSnapshot& snapshot, MonoTime now);
std::string event_json(const EventRecord& event);
std::string events_json(const std::vector<EventRecord>& events, std::uint64_t last_seq);

}  // namespace holdfast::supervisor::status
