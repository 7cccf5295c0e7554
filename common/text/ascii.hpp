// SPDX-License-Identifier: Apache-2.0
#pragma once

// Character classes, letter case and trimming for ASCII, independent of the locale: what the
// functions of <cctype> do for signed char and for other locales is not what a protocol means.
// Bytes of 0x80 and above belong to no class. Threads: pure functions.

#include <algorithm>
#include <string>
#include <string_view>

namespace holdfast::text {

inline constexpr std::string_view kBlanks = " \t";          // within a line; HTTP's OWS
inline constexpr std::string_view kWhitespace = " \t\r\n";  // line ends included

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

constexpr bool is_alpha(char c) {
  return is_lower(c) || is_upper(c);
}

constexpr bool is_alphanumeric(char c) {
  return is_alpha(c) || is_digit(c);
}

// C0 controls and DEL.
constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Whether `predicate` holds for every character; true for an empty text.
template <class Predicate>
constexpr bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

constexpr char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = to_lower(c);
  return out;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

// Without the characters of `unwanted` at either end.
constexpr std::string_view trim(std::string_view text, std::string_view unwanted = kBlanks) {
  const std::size_t first = text.find_first_not_of(unwanted);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(unwanted) - first + 1);
}

}  // namespace holdfast::text
