// SPDX-License-Identifier: Apache-2.0
#include "common/http/retry_after.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

namespace holdfast::http {

namespace {

// RFC 9110, 5.6.7, which wants the two obsolete forms understood as well.
constexpr std::array kDateForms{
    "%a, %d %b %Y %H:%M:%S GMT",  // Sun, 06 Nov 1994 08:49:37 GMT
    "%A, %d-%b-%y %H:%M:%S GMT",  // Sunday, 06-Nov-94 08:49:37 GMT
    "%a %b %e %H:%M:%S %Y",       // Sun Nov  6 08:49:37 1994
};

// Seconds since the epoch: a date may be beyond what WallTime has.
std::optional<double> parse_date(const std::string* text) {
  if (text == nullptr) return std::nullopt;
  for (const char* const form : kDateForms) {
    std::tm date{};
    const char* const end = ::strptime(text->c_str(), form, &date);
    if (end == nullptr || *end != '\0') continue;
    return static_cast<double>(::timegm(&date));
  }
  return std::nullopt;
}

std::optional<Duration> field_after(const Headers& headers, WallTime now) {
  if (const auto milliseconds = seconds_to_wait(headers.find("Retry-After-Ms")))
    return *milliseconds / 1000;
  const std::string* const field = headers.find("Retry-After");
  if (const auto seconds = seconds_to_wait(field)) return seconds;
  const auto date = parse_date(field);
  if (!date) return std::nullopt;
  const std::chrono::duration<double> here = now.time_since_epoch();
  return seconds_to_wait(*date - parse_date(headers.find("Date")).value_or(here.count()));
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
  const auto wait = field_after(headers, now);
  return wait && *wait > Duration::zero() ? wait : std::nullopt;
}

}  // namespace holdfast::http
