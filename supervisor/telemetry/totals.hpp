// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the totals for the history from the ledger. Threads: one at a time.

#include "supervisor/telemetry/history.hpp"
#include "supervisor/telemetry/ledger.hpp"

namespace holdfast::supervisor::telemetry {

// Everything but `memory_bytes`, which workers do not report.
Totals totals_of(Ledger& ledger, MonoTime now, WallTime wall);

}  // namespace holdfast::supervisor::telemetry
