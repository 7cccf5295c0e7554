// SPDX-License-Identifier: Apache-2.0
#include "common/http/retry_after.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>

namespace holdfast::http {

namespace {

// RFC 9110, 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". The obsolete forms are not sent any more.
std::optional<Duration> until_date(const std::string& text, WallTime now) {
  std::tm date{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const WallTime at = WallTime::clock::from_time_t(::timegm(&date));
  return std::max(Duration::zero(), Duration(at - now));
}

}  // namespace

std::optional<Duration> seconds_to_wait(double seconds) {
  constexpr double kMost = 365.0 * 86400;
  if (!std::isfinite(seconds) || seconds < 0) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::chrono::duration<double>(std::min(seconds, kMost)));
}

std::optional<Duration> seconds_to_wait(const std::string* field_value) {
  if (field_value == nullptr) return std::nullopt;
  const auto seconds = text::parse_number<double>(text::trim(*field_value));
  return seconds ? seconds_to_wait(*seconds) : std::nullopt;
}

std::optional<Duration> retry_after(const Headers& headers, WallTime now) {
  const std::string* const field = headers.find("Retry-After");
  if (field == nullptr) return std::nullopt;
  const auto seconds = seconds_to_wait(field);
  return seconds ? seconds : until_date(*field, now);
}

}  // namespace holdfast::http
