// SPDX-License-Identifier: Apache-2.0
#pragma once

// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
// What is not UTF-8 is never an error here: functions say where it is, and those that decode or
// replace take each such byte for one U+FFFD.
//
// Threads: pure functions.

#include <cstddef>
#include <string_view>

namespace holdfast::text {

inline constexpr char32_t kReplacement = 0xFFFD;
inline constexpr std::string_view kReplacementUtf8 = "\xEF\xBF\xBD";

// A byte that only stands inside a sequence.
constexpr bool is_utf8_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The length of the sequence that starts `text`, 1 to 4; 0 if it does not start with a valid one.
constexpr std::size_t utf8_sequence(std::string_view text) {
  if (text.empty()) return 0;
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || text.size() < length) return 0;
  // The range of the second byte rules out overlong forms, surrogates and what is too large.
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_utf8_continuation(text[i])) return 0;
  }
  return length;
}

// The offset of the first byte that is not UTF-8, or npos.
std::size_t find_invalid_utf8(std::string_view text);

inline bool is_utf8(std::string_view text) {
  return find_invalid_utf8(text) == std::string_view::npos;
}

struct CodePoint {
  char32_t value = kReplacement;
  std::size_t length = 1;  // in bytes; 1 for a byte that is not UTF-8
};

// The code point that `text`, which must not be empty, begins with.
CodePoint decode_utf8(std::string_view text);

// Whether a code point, or a byte that is not UTF-8, begins at `at`. True at both ends.
bool is_code_point_boundary(std::string_view text, std::size_t at);

// The longest prefix of at most `max_bytes` that ends at a code point boundary.
std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes);

// How many code points valid UTF-8 holds.
std::size_t count_code_points(std::string_view text);

// The first `count` code points of valid UTF-8.
std::string_view utf8_prefix(std::string_view text, std::size_t count);

}  // namespace holdfast::text
