// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers from text, independent of the locale. Threads: pure functions.

#include "common/text/ascii.hpp"

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace holdfast::text {

// The number that the whole of `text` is; nothing for an empty text, anything around the number
// (blanks and '+' included) or a value that T cannot hold. Only signed types take a '-'.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return {};
  return value;
}

// As above; takes an exponent, and "inf" and "nan" in any case.
template <std::floating_point T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return {};
  return value;
}

// parse_number() for what has no sign, whatever T is.
template <std::integral T>
std::optional<T> parse_digits(std::string_view text) {
  if (text.empty() || !is_digit(text.front())) return {};
  return parse_number<T>(text);
}

// Takes the number that `text` begins with off its front; nothing, and `text` as it was, if it
// begins with none.
template <std::integral T>
std::optional<T> take_number(std::string_view& text) {
  T value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

}  // namespace holdfast::text
