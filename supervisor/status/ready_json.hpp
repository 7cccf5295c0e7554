// SPDX-License-Identifier: Apache-2.0
#pragma once

// Readiness as JSON, for /ready.
//
// Threads: any; pure functions.

#include "supervisor/state/health.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <optional>
#include <string>

namespace holdfast::supervisor::status {

using Latest = std::optional<telemetry::Totals>;

// Whether the stack takes traffic: the fleet is ready, and the store is not out.
bool takes_traffic(const FleetSnapshot& snapshot, const Latest& latest);

// As health_of(); a fleet that is ready without its store is degraded.
FleetHealth health_with_store(const FleetSnapshot& snapshot, const Latest& latest);

// {"status":"pass","checks":{"database":{"status":"pass"},…}}, with "reason" if the status is
// "fail". The checks are those of database, Redis, embedding provider and queue as the workers see
// them (`latest`), once any has reported. A failing one turns "pass" into "warn" and no more,
// unless it is the store's.
std::string ready_json(const FleetSnapshot& snapshot, const Latest& latest);

// The same with the figures behind the checks, and all programs.
std::string ready_json_verbose(const FleetSnapshot& snapshot, const Latest& latest);

}  // namespace holdfast::supervisor::status
