// SPDX-License-Identifier: Apache-2.0
#pragma once

// [metrics] of the configuration, as the ledger understands it. Threads: pure.

#include "common/config/config.hpp"
#include "supervisor/telemetry/ledger.hpp"

namespace holdfast::supervisor::telemetry {

// `metrics` comes from a configuration that was loaded, so its rules are well formed.
LedgerSettings ledger_settings(const config::Metrics& metrics);

}  // namespace holdfast::supervisor::telemetry
