// SPDX-License-Identifier: Apache-2.0
#pragma once

// The [metrics] section of the configuration as settings of the ledger. Threads: any; pure.

#include "common/config/config.hpp"
#include "supervisor/telemetry/ledger.hpp"

namespace holdfast::supervisor::collector {

// `metrics` comes from a validated configuration, so its rules are well formed.
telemetry::LedgerSettings ledger_settings(const config::Metrics& metrics);

}  // namespace holdfast::supervisor::collector
