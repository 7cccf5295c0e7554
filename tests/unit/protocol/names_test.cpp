// SPDX-License-Identifier: Apache-2.0
// Other programs depend on these spellings: units of systemd, scrapers, probes, and workers that
// were written by somebody else.
#include "common/protocol/names.hpp"

#include "tests/support/catch.hpp"

#include <string_view>

using namespace holdfast::protocol;
using namespace std::string_view_literals;

TEST_CASE("the names of inherited descriptors are part of the interface") {
  CHECK(kHttpFd == "http"sv);
  CHECK(kTelemetryFd == "telemetry"sv);
  CHECK(kRateLimitFd == "rate-limit"sv);
  CHECK(kDoorbellFd == "doorbell"sv);
  CHECK(kInFlightFd == "in-flight"sv);
  CHECK(kLogLevelFd == "log-level"sv);
}

TEST_CASE("a listener may be called http, but not like a descriptor that every worker gets") {
  CHECK_FALSE(is_reserved_fd("http"));
  CHECK(is_reserved_fd("telemetry"));
  CHECK(is_reserved_fd("rate-limit"));
  CHECK(is_reserved_fd("doorbell"));
}

TEST_CASE("the paths that scrapers and probes ask for are part of the interface") {
  CHECK(kMetricsPath == "/metrics"sv);
  CHECK(kReadyPath == "/ready"sv);
  CHECK(kLivePath == "/live"sv);
  CHECK(kHealthPath == "/health"sv);
  CHECK(kStatusPath == "/status"sv);
  CHECK(kEventsPath == "/events"sv);
}

TEST_CASE("how a drained worker gets its last scrape is part of the interface") {
  CHECK(kDrainedKey == "HOLDFAST_DRAINED"sv);
  CHECK(kFinalQuery == "final"sv);
}
