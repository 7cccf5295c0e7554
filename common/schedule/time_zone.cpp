// SPDX-License-Identifier: Apache-2.0
#include "common/schedule/time_zone.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <cstdlib>
#include <exception>

namespace holdfast::schedule {

namespace {

constexpr SysSeconds kBeginning = SysSeconds::min();
constexpr SysSeconds kEnd = SysSeconds::max();

// The library throws where there is no such zone, or no database.
const date::time_zone* locate(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

const date::time_zone* locate_current() {
  try {
    return date::current_zone();
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

Result<TimeZone> TimeZone::named(const std::string& name) {
  if (name == "UTC") return TimeZone(name, nullptr);
  // Names are paths in the database, and a path could leave it.
  const bool plain = !name.empty() && name.front() != '/' && name.find("..") == std::string::npos;
  const date::time_zone* zone = plain ? locate(name) : nullptr;
  if (zone != nullptr) return TimeZone(name, zone);
  if (locate("Europe/Berlin") == nullptr) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' cannot be looked up: the time zone database is missing; install "
                            "the package tzdata, or use \"UTC\"",
                            name));
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a time zone; use \"local\", \"UTC\" or a name such as "
                          "\"Europe/Berlin\" (timedatectl list-timezones)",
                          name));
}

TimeZone TimeZone::local(const std::string& tz) {
  if (!tz.empty()) {
    auto given = named(tz.front() == ':' ? tz.substr(1) : tz);
    return given ? std::move(*given) : TimeZone("UTC", nullptr);
  }
  const date::time_zone* zone = locate_current();
  return zone == nullptr ? TimeZone("UTC", nullptr) : TimeZone(zone->name(), zone);
}

TimeZone::Period TimeZone::at(SysSeconds time) const {
  if (zone_ == nullptr) return {kBeginning, kEnd, std::chrono::seconds(0)};
  const date::sys_info info = zone_->get_info(date::sys_seconds(time.time_since_epoch()));
  return {SysSeconds(info.begin.time_since_epoch()), SysSeconds(info.end.time_since_epoch()),
          info.offset};
}

std::string TimeZone::format(WallTime time) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::chrono::seconds offset = at(seconds).offset;
  const std::string local = format_rfc3339(WallTime(seconds.time_since_epoch() + offset));
  const auto minutes = std::chrono::abs(std::chrono::duration_cast<std::chrono::minutes>(offset));
  const std::string zone = offset == std::chrono::seconds(0)
                               ? "Z"
                               : fmt::format("{}{:02}:{:02}", offset.count() < 0 ? '-' : '+',
                                             minutes.count() / 60, minutes.count() % 60);
  return local.substr(0, 19) + zone;
}

}  // namespace holdfast::schedule
