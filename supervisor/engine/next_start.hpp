// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a reload reads but cannot take: keys of the supervisor's own sections that only another
// supervisor process can use. A pure function.

#include "common/config/config.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor {

// "log.file", "metrics.gauge_rules", … in the order of the sections. ([supervisor] is compared by
// the core, which uses most of it.)
std::vector<std::string> keys_for_next_start(const config::Config& before,
                                             const config::Config& after);

}  // namespace holdfast::supervisor
