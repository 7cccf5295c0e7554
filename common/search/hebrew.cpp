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

std::vector<std::string_view> without_hebrew_prefixes(std::string_view word) {
  constexpr std::size_t kLetter = 2;  // bytes
  constexpr std::size_t kMostPrefixes = 3;
  constexpr std::string_view kArticle = "ה";
  constexpr std::string_view kPrefixes = "ושכבלמה";
  std::vector<std::string_view> forms{word};
  while (forms.size() <= kMostPrefixes) {
    const std::string_view last = forms.back();
    const std::string_view prefix = last.substr(0, kLetter);
    const std::size_t least = prefix == kArticle ? 2 : 3;
    if (last.size() < (1 + least) * kLetter || kPrefixes.find(prefix) == std::string_view::npos)
      break;
    forms.push_back(last.substr(kLetter));
    if (prefix == kArticle) break;  // nothing stands between it and the word
  }
  return forms;
}

}  // namespace holdfast::search
