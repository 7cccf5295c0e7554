// SPDX-License-Identifier: Apache-2.0
#pragma once

// NotificationMetrics: what the delivery of alerts has counted for one receiver.
//
// Threads: a value.

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace holdfast::supervisor {

// Upper bounds of the latency histogram, in seconds; the last bucket is +Inf.
inline constexpr std::array<double, 10> kNotificationLatencyBounds{0.05, 0.1, 0.25, 0.5, 1,
                                                                   2.5,  5,   10,   60,  300};

struct NotificationMetrics {
  std::string receiver;
  std::uint64_t delivered = 0;
  std::map<std::string, std::uint64_t> failed;  // attempts, by reason: "timeout", "server", …
  std::uint64_t gave_up = 0;                    // notifications that were not delivered in time
  std::uint64_t dropped = 0;                    // those that were refused, or that found no room
  std::uint64_t queue_length = 0;
  double last_success = 0;  // seconds since the epoch; 0: never

  // From when a notification was made to when it was delivered.
  std::array<std::uint64_t, kNotificationLatencyBounds.size() + 1> latency{};  // not cumulative
  double latency_sum = 0;
};

}  // namespace holdfast::supervisor
