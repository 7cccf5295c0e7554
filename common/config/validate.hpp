// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checks across keys: contradictions, references to names that do not exist, limits that can never
// be reached. One source per function, since each has a subject of its own. Threads: any.

#include "common/config/config.hpp"
#include "common/config/report.hpp"

namespace holdfast::config {

void validate(const Config& config, LoadReport& report);

// The keys of one program.
void validate_program(const Program& program, LoadReport& report);
void validate_schedule(const Program& program, LoadReport& report);  // part of validate_program()
void validate_watch(const Program& program, LoadReport& report);     // part of it, too

// Its `ready`, `health` and `watchdog_source`, and whether `replace` fits them.
void validate_probes(const Program& program, LoadReport& report);

// [embedding].
void validate_embedding(const Embedding& embedding, LoadReport& report);

// [alert_receiver.NAME] and [alert_ping].
void validate_receivers(const Config& config, LoadReport& report);

// The programs together: `after`, `sockets`, cycles, and how long it takes to stop them.
void validate_graph(const Config& config, LoadReport& report);

// Whether two programs have one address for their metrics.
void validate_metrics_addresses(const Config& config, LoadReport& report);

// [alerts], and keys of [alert_rule.NAME] that the alert has no use for.
void validate_alerts(const Config& config, LoadReport& report);

}  // namespace holdfast::config
