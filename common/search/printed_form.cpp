// SPDX-License-Identifier: Apache-2.0
#include "common/search/printed_form.hpp"

#include <utf8proc.h>

#include <array>
#include <optional>
#include <string>

namespace holdfast::search {

namespace {

constexpr char32_t kFirst = 0xB5;     // the micro sign
constexpr std::size_t kLongest = 18;  // U+FDFA

// Characters that Unicode's canonical composition never makes, only texts have them: Hebrew letters
// with their points, Indian letters with a nukta, signs of units. Those without such a
// decomposition stay as they are.
bool is_letter_with_mark(char32_t c) {
  return (c >= 0xFB1D && c <= 0xFB4E) || (c >= 0x0958 && c <= 0x095F) ||
         (c >= 0x09DC && c <= 0x09DF) || (c >= 0x0A33 && c <= 0x0A5E) || c == 0x0B5C ||
         c == 0x0B5D || c == 0x0929 || c == 0x0931 || c == 0x0934 || c == 0x2126 || c == 0x212A ||
         c == 0x212B;
}

bool is_way_to_print(char32_t c) {
  if (c >= 0x0E00 && c <= 0x0EFF) return false;
  if (c >= 0x3130 && c <= 0x318F) return false;  // single jamo, which would join to syllables
  switch (utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->decomp_type) {
    case UTF8PROC_DECOMP_TYPE_FONT:
    case UTF8PROC_DECOMP_TYPE_INITIAL:
    case UTF8PROC_DECOMP_TYPE_MEDIAL:
    case UTF8PROC_DECOMP_TYPE_FINAL:
    case UTF8PROC_DECOMP_TYPE_ISOLATED:
    case UTF8PROC_DECOMP_TYPE_WIDE:
    case UTF8PROC_DECOMP_TYPE_NARROW:
    case UTF8PROC_DECOMP_TYPE_SMALL:
    case UTF8PROC_DECOMP_TYPE_SQUARE:
    case UTF8PROC_DECOMP_TYPE_VERTICAL:
    case UTF8PROC_DECOMP_TYPE_COMPAT: return true;
    default: break;
  }
  // Ideographs that were encoded twice: their decomposition is a canonical one.
  return (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F) || is_letter_with_mark(c);
}

bool is_raised(char32_t c) {
  if (c == 0xAA || c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0xBA) return true;
  if (c < kFirst) return false;
  const auto type = utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->decomp_type;
  return type == UTF8PROC_DECOMP_TYPE_SUB || type == UTF8PROC_DECOMP_TYPE_SUPER;
}

std::u32string decomposed(char32_t c) {
  std::array<utf8proc_int32_t, kLongest> parts{};
  int boundary = 0;
  const auto count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(),
      static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE), &boundary);
  if (count <= 0 || static_cast<std::size_t>(count) > parts.size()) return {};
  std::u32string plain(parts.begin(), parts.begin() + count);
  if (plain.size() == 1 && plain.front() == c) return {};
  return plain;
}

// Those that Unicode does not decompose: white on black, in two circles, of typographers.
std::optional<unsigned> number_in_circle(char32_t c) {
  struct Row {
    char32_t first;
    char32_t last;
    unsigned number;  // that of the first
  };
  constexpr std::array<Row, 8> kRows{{{0x24EB, 0x24F4, 11},
                                      {0x24F5, 0x24FE, 1},
                                      {0x24FF, 0x24FF, 0},
                                      {0x2776, 0x277F, 1},
                                      {0x2780, 0x2789, 1},
                                      {0x278A, 0x2793, 1},
                                      {0x1F10B, 0x1F10B, 0},
                                      {0x1F10C, 0x1F10C, 0}}};
  for (const Row& row : kRows) {
    if (c >= row.first && c <= row.last) return row.number + static_cast<unsigned>(c - row.first);
  }
  return std::nullopt;
}

}  // namespace

std::u32string spelled_plainly(char32_t c) {
  return c >= kFirst && is_way_to_print(c) ? decomposed(c) : std::u32string();
}

std::u32string drawn_as_one(char32_t c) {
  if (c < 0xBC) return {};
  if (const auto number = number_in_circle(c)) {
    const std::string digits = std::to_string(*number);
    return {digits.begin(), digits.end()};
  }
  const auto type = utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->decomp_type;
  const bool is_drawn =
      type == UTF8PROC_DECOMP_TYPE_FRACTION || type == UTF8PROC_DECOMP_TYPE_CIRCLE;
  return is_drawn ? decomposed(c) : std::u32string();
}

std::u32string lowered_to_line(char32_t c) {
  return c >= 0xAA && is_raised(c) ? decomposed(c) : std::u32string();
}

}  // namespace holdfast::search
