// SPDX-License-Identifier: Apache-2.0
#pragma once

// Alerts and notifications for the tests of their delivery.

#include "supervisor/alerts/queue.hpp"

#include <string>

namespace holdfast::supervisor::alerts::samples {

// Of one alert; `number` makes the id unique.
Notification notification(const std::string& name, int number,
                          AlertStatus status = AlertStatus::Firing);

Alert alert(const std::string& name, AlertStatus status = AlertStatus::Firing);

// A crash with everything that a report can have.
Notification crash();

// A notification whose every text is as long, and as hostile, as a worker can make it.
Notification monster();

inline Verdict delivered() {
  return {};
}
inline Verdict retry(const std::string& reason = "server") {
  return {Verdict::Kind::Retry, reason, "HTTP 500", {}};
}
inline Verdict limited(std::optional<Duration> wait) {
  return {Verdict::Kind::Limited, "rate_limited", "HTTP 429", wait};
}
inline Verdict rejected() {
  return {Verdict::Kind::Rejected, "client", "HTTP 400", {}};
}
inline Verdict suspended() {
  return {Verdict::Kind::Suspended, "auth", "HTTP 403", {}};
}

// Both clocks, which only the test moves.
struct Clocks {
  Now now{MonoTime{} + std::chrono::hours(1), from_unix_ms(1'795'434'163'482)};
  void advance(Duration by) {
    now.mono += by;
    now.wall += std::chrono::duration_cast<WallTime::duration>(by);
  }
};

}  // namespace holdfast::supervisor::alerts::samples
