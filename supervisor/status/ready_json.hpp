// SPDX-License-Identifier: Apache-2.0
#pragma once

// Readiness as JSON, for /ready.
//
// Threads: any; pure functions.

#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <optional>
#include <string>

namespace holdfast::supervisor::status {

using Latest = std::optional<telemetry::Totals>;

// Whether the stack takes traffic: the fleet is ready, and the store is not out.
bool takes_traffic(const FleetSnapshot& snapshot, const Latest& latest);

// {"status":"pass"}, or {"status":"fail","reason":…}.
std::string ready_json(const FleetSnapshot& snapshot, const Latest& latest);

// The same with "checks" of database, Redis, embedding provider and queues as the workers see them
// (`latest`), and all programs. A failing check turns "pass" into "warn" and no more, unless it is
// the store's.
std::string ready_json_verbose(const FleetSnapshot& snapshot, const Latest& latest);

}  // namespace holdfast::supervisor::status
