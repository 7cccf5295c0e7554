// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast {

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t ms) {
  using std::chrono::milliseconds;
  const auto known = [](WallTime::duration end) {
    return std::chrono::duration_cast<milliseconds>(end);
  };
  return WallTime(std::clamp(milliseconds(ms), known(WallTime::duration::min()),
                             known(WallTime::duration::max())));
}

namespace {

// Faster than a format string: every document and log line contains times.
template <class Number>
void append_padded(std::string& out, Number number, std::size_t width, char separator) {
  const fmt::format_int text(number);
  out.append(width - std::min(width, text.size()), '0');
  out.append(text.data(), text.size());
  out += separator;
}

}  // namespace

std::string format_rfc3339(WallTime time) {
  return format_unix_ms(
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

std::string format_unix_ms(std::int64_t ms) {
  using namespace std::chrono;
  constexpr std::int64_t kFirst = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
  constexpr std::int64_t kLast = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z
  const sys_time<milliseconds> time(milliseconds(std::clamp(ms, kFirst, kLast)));
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::string out;
  out.reserve(sizeof "2026-11-23T11:42:43.476Z");
  append_padded(out, static_cast<int>(date.year()), 4, '-');
  append_padded(out, static_cast<unsigned>(date.month()), 2, '-');
  append_padded(out, static_cast<unsigned>(date.day()), 2, 'T');
  append_padded(out, clock.hours().count(), 2, ':');
  append_padded(out, clock.minutes().count(), 2, ':');
  append_padded(out, clock.seconds().count(), 2, '.');
  append_padded(out, clock.subseconds().count(), 3, 'Z');
  return out;
}

}  // namespace holdfast
