// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long a scrape waits for workers that are late. Pure; any thread.

#include "common/base/clock.hpp"

#include <string>

namespace holdfast::supervisor::telemetry {

inline constexpr Duration kScrapeWait = std::chrono::milliseconds(400);

// `timeout_seconds`: the request's X-Prometheus-Scrape-Timeout-Seconds, after which Prometheus
// gives the scrape up; nullptr if it has none. No more than half of it goes into waiting: the
// answer must still be written and read. What is no positive number is ignored.
Duration scrape_wait(const std::string* timeout_seconds);

}  // namespace holdfast::supervisor::telemetry
