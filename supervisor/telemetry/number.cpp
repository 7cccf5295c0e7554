// SPDX-License-Identifier: Apache-2.0
#include "common/text/number.hpp"

#include "supervisor/telemetry/number.hpp"

#include <cstring>

namespace holdfast::supervisor::telemetry {
namespace {

bool blank(char c) {
  return c == ' ' || c == '\t';
}

bool number_character(char c) {
  return text::is_digit(c) || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E';
}

std::string_view token(const char* at, const char* end) {
  const char* stop = at;
  while (stop < end && !blank(*stop))
    ++stop;
  return {at, static_cast<std::size_t>(stop - at)};
}

// After the value, only a timestamp and an exemplar may follow. Both are ignored; anything else
// means that the line is truncated or damaged.
bool valid_tail(const char* at, const char* end) {
  while (at < end && blank(*at))
    ++at;
  if (at == end || (*at == '#' && at + 1 < end && blank(at[1]))) return true;
  const std::string_view timestamp = token(at, end);
  for (const char c : timestamp) {
    if (!number_character(c)) return false;
  }
  at += timestamp.size();
  while (at < end && blank(*at))
    ++at;
  return at == end || (*at == '#' && at + 1 < end && blank(at[1]));
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  // The common case: a short integer.
  if (!text.empty() && text.size() <= 15) {
    std::uint64_t whole = 0;
    std::size_t i = 0;
    for (; i < text.size() && text::is_digit(text[i]); ++i) {
      whole = whole * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    if (i == text.size()) return static_cast<double>(whole);
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  if (text.ends_with(')')) return std::nullopt;  // "nan(payload)"
  return text::parse_number<double>(text);
}

std::optional<double> parse_value(const char*& at, const char* end) {
  const void* feed = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
  if (feed == nullptr) return std::nullopt;
  const char* line_end = static_cast<const char*>(feed);
  const std::string_view text = token(at, line_end);
  const std::optional<double> value = parse_number(text);
  if (!value || !valid_tail(at + text.size(), line_end)) return std::nullopt;
  at = line_end + 1;
  return value;
}

}  // namespace holdfast::supervisor::telemetry
