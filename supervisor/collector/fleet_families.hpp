// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet's state as metric families: build, readiness, the last reload, workers by state, and
// one "up" and start time per worker.
//
// Threads: any; pure function of a snapshot.

#include "common/metrics/model.hpp"
#include "supervisor/state/snapshot.hpp"

#include <vector>

namespace holdfast::supervisor::collector {

// `store_is_out`: see store_outage().
std::vector<metrics::Family> fleet_families(const FleetSnapshot& snapshot, bool store_is_out);

}  // namespace holdfast::supervisor::collector
