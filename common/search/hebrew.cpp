// SPDX-License-Identifier: Apache-2.0
#include "common/search/hebrew.hpp"

#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace holdfast::search {

namespace {

// Of several that begin alike the longest first.
constexpr std::array<std::string_view, 9> kMarks{
    "\"", "''", "'", "\u05F4", "\u05F3", "\u201D", "\u201C", "\u2019\u2019", "\u2019"};

// Letters, and the points on them.
bool is_hebrew(char32_t c) {
  return (c >= 0x0591 && c <= 0x05EA && c != 0x05BE && c != 0x05C0 && c != 0x05C3 && c != 0x05C6) ||
         (c >= 0xFB1D && c <= 0xFB4F);
}

// Whether the character before `at` is one. Each has two bytes or three.
bool is_hebrew_before(std::string_view text, std::size_t at) {
  for (const std::size_t length : {2U, 3U}) {
    if (at < length) return false;
    const auto [c, decoded] = text::decode_utf8(text.substr(at - length, length));
    if (decoded == length) return is_hebrew(c);
  }
  return false;
}

}  // namespace

std::size_t hebrew_mark(std::string_view text, std::size_t at) {
  if (!is_hebrew_before(text, at)) return 0;
  const std::string_view rest = text.substr(at);
  const auto* const mark = std::find_if(
      kMarks.begin(), kMarks.end(), [&](std::string_view one) { return rest.starts_with(one); });
  if (mark == kMarks.end() || rest.size() == mark->size()) return 0;
  return is_hebrew(text::decode_utf8(rest.substr(mark->size())).value) ? mark->size() : 0;
}

}  // namespace holdfast::search
