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

// {"status":"pass"}, or {"status":"fail","reason":…}.
std::string ready_json(const FleetSnapshot& snapshot);

// The same with "checks" of database, Redis and queues as the workers see them (`latest`), and all
// programs. A failing check turns "pass" into "warn" and no more: only the fleet's readiness
// decides whether the stack takes traffic.
std::string ready_json_verbose(const FleetSnapshot& snapshot,
                               const std::optional<telemetry::Totals>& latest);

}  // namespace holdfast::supervisor::status
