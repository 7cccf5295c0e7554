// SPDX-License-Identifier: Apache-2.0
#pragma once

// The holdfast_log_* families: what the log relay has read, dropped and failed to write.
//
// Threads: any; pure.

#include "common/metrics/model.hpp"
#include "supervisor/logs/log_relay.hpp"

#include <vector>

namespace holdfast::supervisor::collector {

std::vector<metrics::Family> log_families(const logs::RelayCounters& counters);

}  // namespace holdfast::supervisor::collector
