// SPDX-License-Identifier: Apache-2.0
#include "common/search/letters.hpp"

#include "common/search/codes.hpp"
#include "common/text/ascii.hpp"

#include <utf8proc.h>

namespace holdfast::search {

namespace {

constexpr bool is_between(char32_t c, char32_t first, char32_t last) {
  return c >= first && c <= last;
}

utf8proc_category_t category_of(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

// Numbers that are no digits of a word: fractions, and those in a circle or the like.
bool is_drawn_number(char32_t c) {
  return is_between(c, 0x2150, 0x2BFF) || is_between(c, 0x3248, 0x324F) || c >= 0x1F000 ||
         utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->decomp_type != 0;
}

// What Unicode calls letters, and readers a full stop: Thai and Lao abbreviate with them.
constexpr bool is_abbreviation_mark(char32_t c) {
  return c == 0x0E2F || c == 0x0EAF;
}

}  // namespace

bool is_invisible(char32_t c) {
  return c == 0xAD || c == 0x061C || c == 0x17B4 || c == 0x17B5 || is_between(c, 0x180B, 0x180F) ||
         is_between(c, 0x200B, 0x200F) || c == 0x2060 || c == 0xFEFF ||
         is_between(c, 0xFE00, 0xFE0F) || is_between(c, 0xE0000, 0xE0FFF);
}

bool is_letter(char32_t c) {
  if (c < 0x80) return text::is_alphanumeric(static_cast<char>(c));
  switch (category_of(c)) {
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL: return true;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM: return !is_joiner(c);
    case UTF8PROC_CATEGORY_LO: return !is_abbreviation_mark(c);
    case UTF8PROC_CATEGORY_NO: return !is_drawn_number(c);
    // Ideographs of a newer Unicode.
    case UTF8PROC_CATEGORY_CN: return is_between(c, 0x20000, 0x3FFFD);
    default: return false;
  }
}

bool is_inside_words(char32_t c) {
  return c == 0x055B || c == 0x055C || c == 0x055E || c == 0x07FA || c == 0x180A;
}

bool is_emoji(char32_t c) {
  const bool is_pictures =
      is_between(c, 0x2600, 0x27BF) || is_between(c, 0x1F000, 0x1FAFF) || c == 0x2B50;
  if (!is_pictures) return false;
  const auto category = category_of(c);
  // Every release of Unicode has new ones.
  return category == UTF8PROC_CATEGORY_SO || (category == UTF8PROC_CATEGORY_CN && c >= 0x1F000);
}

bool is_half_of_flag(char32_t c) {
  return is_between(c, 0x1F1E6, 0x1F1FF);
}

char32_t to_lower(char32_t c) {
  if (c < 0x80) return static_cast<char32_t>(text::to_lower(static_cast<char>(c)));
  if (c == 0x3C2) return 0x3C3;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace holdfast::search
