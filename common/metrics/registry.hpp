// SPDX-License-Identifier: Apache-2.0
#pragma once

// A prometheus-cpp registry as plain families, and as the text that a worker answers to a scrape.
//
// Threads: any; the registry takes its own locks.

#include "common/metrics/model.hpp"

#include <string>
#include <vector>

namespace prometheus {
class Registry;
}

namespace holdfast::metrics {

// What the registry holds now, one Family per name.
std::vector<Family> collect(const prometheus::Registry& registry);

// write_text(collect(registry)) in format 0.0.4: a worker's answer to GET /metrics.
void write_text(const prometheus::Registry& registry, std::string& out);

}  // namespace holdfast::metrics
