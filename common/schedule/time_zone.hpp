// SPDX-License-Identifier: Apache-2.0
#pragma once

// TimeZone: what local clocks show, from the system's time zone database (tzdata), which is read
// once. Only time_zone.cpp uses the library behind it.
//
// Threads: immutable; any.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <chrono>
#include <string>

namespace date {
class time_zone;
}

namespace holdfast::schedule {

using SysSeconds = std::chrono::sys_seconds;

class TimeZone {
 public:
  // "UTC", or a name of the database such as "Europe/Berlin". InvalidArgument for any other, and
  // for every name but UTC if the database is not installed.
  static Result<TimeZone> named(const std::string& name);
  // That of the machine: `tz`, the value of TZ, if that names one, else /etc/localtime. UTC if
  // neither says.
  static TimeZone local(const std::string& tz);

  const std::string& name() const { return name_; }

  // A time in which clocks are not changed.
  struct Period {
    SysSeconds begin;
    SysSeconds end;               // where the next one begins
    std::chrono::seconds offset;  // local time minus UTC
  };
  Period at(SysSeconds time) const;

  // "2026-11-29T03:00:00+01:00"
  std::string format(WallTime time) const;

 private:
  TimeZone(std::string name, const date::time_zone* zone) : name_(std::move(name)), zone_(zone) {}

  std::string name_;
  const date::time_zone* zone_;  // of the database, which is never unloaded; null: UTC
};

}  // namespace holdfast::schedule
