// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast {

std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_unix_ms(std::int64_t ms) {
  return WallTime(std::chrono::milliseconds(ms));
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
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time) - day);
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
