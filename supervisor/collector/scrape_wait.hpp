// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long a scrape waits for late workers. Threads: any; pure.

#include "common/base/clock.hpp"

#include <string>

namespace holdfast::supervisor::collector {

inline constexpr Duration kScrapeWait = std::chrono::milliseconds(400);

// `timeout_seconds`: the request's X-Prometheus-Scrape-Timeout-Seconds, after which Prometheus
// abandons the scrape; nullptr if there is none. At most half of it is spent waiting, since the
// answer must still be written and read. A value that is not a positive number is ignored.
Duration scrape_wait(const std::string* timeout_seconds);

}  // namespace holdfast::supervisor::collector
