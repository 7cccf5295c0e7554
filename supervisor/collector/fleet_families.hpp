// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fleet's state as metric families: readiness, workers by state, one up and start time per
// worker. Pure functions of a snapshot. Threads: any.

#include "common/metrics/model.hpp"
#include "supervisor/state/snapshot.hpp"

#include <fmt/format.h>

#include <vector>

namespace holdfast::supervisor::telemetry {

std::vector<metrics::Family> fleet_families(const FleetSnapshot& snapshot);

}  // namespace holdfast::supervisor::telemetry
