// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cron: a cron expression, and when it is due next in a time zone.
//
//   minute 0-59   hour 0-23   day of the month 1-31   month 1-12 or jan-dec   weekday 0-7 or
//   sun-sat
//
// Each field is `*`, a number, a range `a-b`, a step `*/n` or `a-b/n`, or a list of these; 0 and 7
// are Sunday. If both days are restricted (do not begin with `*`), either is enough, as in every
// cron. @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly stand for what they
// say.
//
// Where clocks are changed, an expression whose hours begin with `*` follows real time. Any other
// names times of the day, and each of these is due once: one that is skipped when the clocks go
// forward at the moment when they do, and one that is repeated when they go back the first time.
//
// Threads: immutable; any.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/schedule/time_zone.hpp"

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

namespace holdfast::schedule {

using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

class Cron {
 public:
  // The error says which field is wrong and why. Refuses what is never due, such as 31 February.
  static Result<Cron> parse(std::string_view text);

  // The first time after `time`, on a whole minute; nothing if there is none within twelve years.
  std::optional<WallTime> next_after(WallTime time, const TimeZone& zone) const;

  // The first matching minute of [from, before) on a clock that is never changed.
  std::optional<LocalMinute> first_in(LocalMinute from, LocalMinute before) const;

 private:
  Cron() = default;
  bool matches(std::chrono::year_month_day day, std::chrono::weekday weekday) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // from 1
  std::bitset<13> months_;  // from 1
  std::bitset<7> weekdays_;
  bool any_day_ = false;      // the day of the month begins with `*`
  bool any_weekday_ = false;  // the weekday begins with `*`
  bool every_hour_ = false;   // the hour begins with `*`
};

}  // namespace holdfast::schedule
