// SPDX-License-Identifier: Apache-2.0
#pragma once

// The health of the fleet in one word, for /status, /health and the alert conditions.
//
// Threads: any; pure functions of a snapshot.

#include "supervisor/state/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor {

enum class FleetHealth {
  Ready,
  Starting,  // not ready yet, no worker has had to be restarted, and none was stopped by a command
  Degraded,  // a worker is in trouble, what runs is not as configured, or a required program lacks
             // ready workers after a restart or because a command stopped them, or waits for a
             // program that only a command starts
  Draining,  // shutting down
};

FleetHealth health_of(const FleetSnapshot& snapshot);
std::string_view to_string(FleetHealth health);

// Whether /ready needs more of it than there is. A program that waits for a command because its
// autostart is off is not missed.
bool is_missed(const core::ProgramView& program);

// What a program that is not satisfied lacks: "api: 0 ready, at least 1 needed".
std::string shortfall(const core::ProgramView& program);

// Whether what runs of the program differs from what is configured, and nothing that is under way
// will change that.
bool runs_otherwise(const FleetSnapshot& snapshot, const core::ProgramView& program);

// Whether it is one of Holdfast's own workers, by the name of its executable; `migrate` included.
bool is_own_worker(const config::Program& program);

// Whether the store is out: no worker can use it, or none of a required program, or none of them
// can start without it. It is the same outage, with the same answer, whenever it began. `reached`,
// `workers`: of the workers that have reported it, how many can use it; 0 and 0: none has reported
// it. `cut_off`: the programs none of whose workers can.
std::optional<std::string> store_outage(const FleetSnapshot& snapshot, std::uint32_t reached,
                                        std::uint32_t workers,
                                        const std::vector<std::string>& cut_off = {});

// Whether its last process ended because the store cannot be used, and there is no new one that
// can.
bool lacks_store(const core::ProgramView& program, const core::SlotView& slot);

// In a crash loop, or given up.
bool in_trouble(const core::SlotView& slot);

}  // namespace holdfast::supervisor
