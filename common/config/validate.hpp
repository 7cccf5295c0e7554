// SPDX-License-Identifier: Apache-2.0
#pragma once

// What no single key can tell: keys that contradict each other, names that lead nowhere, limits
// that can never be reached. Threads: any.

#include "common/config/config.hpp"
#include "common/config/report.hpp"

namespace holdfast::config {

void validate(const Config& config, LoadReport& report);

// One program by itself.
void validate_program(const Program& program, LoadReport& report);

// The programs together: `after`, `sockets`, cycles and the time that stopping them takes.
void validate_graph(const Config& config, LoadReport& report);

}  // namespace holdfast::config
