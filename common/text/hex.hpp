// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hexadecimal digits. Threads: pure functions.

#include "common/text/ascii.hpp"

#include <string>
#include <string_view>

namespace holdfast::text {

inline constexpr std::string_view kHexDigits = "0123456789abcdef";

// 0 to 15, or -1 for a character that is no hexadecimal digit.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Whether every character is a hexadecimal digit as to_hex() writes it.
constexpr bool is_lower_hex(std::string_view text) {
  return all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

// Two digits for each byte, in lower case.
inline std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 0x0f];
  }
  return out;
}

}  // namespace holdfast::text
