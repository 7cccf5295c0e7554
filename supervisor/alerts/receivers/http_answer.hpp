// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the answers of HTTP receivers have in common. Threads: pure functions.

#include "supervisor/alerts/receivers/kind.hpp"

#include <optional>

namespace holdfast::supervisor::alerts {

// How long a 429 asks to wait: the longest of Retry-After (seconds, or a date), the body's
// retry_after (JSON, in seconds) and X-RateLimit-Reset-After (seconds).
std::optional<Duration> wait_of(const http::Response& response, WallTime now);

// 2xx is delivered; 408, 425, 5xx and no answer at all are tried again; 429 pauses; 401, 403, 404,
// 407, 410 and redirects suspend; any other status refuses this message.
Verdict judge_http(const Answer& answer, WallTime now);

// "HTTP 404 Not Found: no_service", with the beginning of the body, on one line.
std::string describe(const http::Response& response);

}  // namespace holdfast::supervisor::alerts
