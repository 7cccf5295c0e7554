// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long a response asks its client to wait (RFC 9110, 10.2.3).
//
// Threads: pure functions.

#include "common/base/clock.hpp"
#include "common/http/message.hpp"

#include <optional>
#include <string>

namespace holdfast::http {

// A number of seconds, fractions allowed, of a year at most. Nothing for what is none.
std::optional<Duration> seconds_to_wait(const std::string* field_value);
std::optional<Duration> seconds_to_wait(double seconds);

// The field Retry-After: a number of seconds, or a date, which counts from the answer's own Date,
// for the server's clock may not agree with ours; without a Date, from `now`. Before it
// Retry-After-Ms, in milliseconds, which OpenAI and Azure send as well. Nothing for a wait of 0 and
// a date that has passed: they do not say how long.
std::optional<Duration> retry_after(const Headers& headers, WallTime now);

}  // namespace holdfast::http
