// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisor's own families about its workers, ready to be rendered beside the ledger's. Names,
// types and help come from the catalogue.
//
// Threads: any.

#include "common/metrics/model.hpp"
#include "supervisor/collector/process_stats.hpp"
#include "supervisor/telemetry/ledger.hpp"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// holdfast_metrics_{series, parse_errors_total, dropped_samples_total, resets_total,
// conflicting_families, retired_incarnations_total}.
std::vector<metrics::Family> ledger_families(const LedgerStatistics& statistics);

// process_* with the label `worker`, from (worker name, figures). A figure that the kernel did not
// give away is left out, never guessed.
std::vector<metrics::Family> process_families(
    const std::vector<std::pair<std::string, ProcessStats>>& workers);

}  // namespace holdfast::supervisor::telemetry
