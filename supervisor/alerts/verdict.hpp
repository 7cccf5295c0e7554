// SPDX-License-Identifier: Apache-2.0
#pragma once

// Verdict: what an answer means for a notification and its receiver. Threads: a value.

#include "common/base/clock.hpp"

#include <optional>
#include <string>

namespace holdfast::supervisor::alerts {

struct Verdict {
  enum class Kind {
    Delivered,
    Retry,      // out of reach, or in trouble of its own
    Limited,    // it is sent too much: nothing is, for a while
    Rejected,   // this message does not please it
    Suspended,  // no message will, until somebody mends the configuration
  };
  Kind kind = Kind::Delivered;
  // For the metric: "client", "auth", "server", "rate_limited", "timeout", "network"; empty if
  // delivered.
  std::string reason;
  std::string detail;            // for people, without secrets: "HTTP 503 Service Unavailable"
  std::optional<Duration> wait;  // of Limited: what it asked for
};

}  // namespace holdfast::supervisor::alerts
