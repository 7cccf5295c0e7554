// SPDX-License-Identifier: Apache-2.0
#pragma once

// Times as systemd writes them: spans, and moments of the calendar (systemd.time(7)). Threads: any;
// pure.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::importer {

// "90", "1min 30s", "500ms", "2 weeks". Nothing for "infinity" and what is none.
std::optional<Duration> time_span(std::string_view text);
// Why a value is left out that is no time_span().
inline constexpr const char* kNoTime = "it is no time that can be read";

// What OnCalendar= means, as a cron expression of five fields.
struct CalendarTime {
  std::string cron;
  std::string timezone;  // "UTC", "Europe/Berlin"; empty: local time
};
// "daily", "Mon..Fri *-*-* 08:00/15". The error says what cron cannot express.
Result<CalendarTime> calendar_time(std::string_view text);

}  // namespace holdfast::supervisor::importer
