// SPDX-License-Identifier: Apache-2.0
#pragma once

// The health of the fleet in one word, for /status, /health and the alert conditions.
//
// Threads: any; pure functions of a snapshot.

#include "supervisor/state/snapshot.hpp"

#include <string_view>

namespace holdfast::supervisor {

enum class FleetHealth {
  Ready,
  Starting,  // not ready yet, and no worker has had to be restarted
  Degraded,  // a worker is in trouble, what runs is not as configured, or a required program lacks
             // ready workers after a restart
  Draining,  // shutting down
};

FleetHealth health_of(const FleetSnapshot& snapshot);
std::string_view to_string(FleetHealth health);

// Whether what runs of the program differs from what is configured, and nothing that is under way
// will change that.
bool runs_otherwise(const FleetSnapshot& snapshot, const core::ProgramView& program);

// In a crash loop, or given up.
bool in_trouble(const core::SlotView& slot);

}  // namespace holdfast::supervisor
