// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.hpp"

#include <fmt/format.h>

#include <ctime>

namespace holdfast {

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
}

std::string format_rfc3339(WallTime time) {
  const std::int64_t ms = to_unix_ms(time);
  const std::int64_t seconds = (ms >= 0 ? ms : ms - 999) / 1000;  // floor, for times before 1970
  const std::time_t t = static_cast<std::time_t>(seconds);
  std::tm utc{};
  ::gmtime_r(&t, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     ms - seconds * 1000);
}

}  // namespace holdfast
