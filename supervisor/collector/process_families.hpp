// SPDX-License-Identifier: Apache-2.0
#pragma once

// The process_* families: what /proc says of the supervisor and each worker.
//
// Threads: any; pure.

#include "common/metrics/model.hpp"
#include "supervisor/collector/process_stats.hpp"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::collector {

// From (worker name, figures), which become the label `worker` and the values. A figure that the
// kernel does not disclose is left out.
std::vector<metrics::Family> process_families(
    const std::vector<std::pair<std::string, ProcessStats>>& workers);

}  // namespace holdfast::supervisor::collector
