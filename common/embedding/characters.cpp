// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/characters.hpp"

#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <array>

namespace holdfast::embedding {

namespace {

bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t N>
bool in_ranges(const std::array<Range, N>& ranges, char32_t c) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

// Marks that are drawn on the character before them.
constexpr std::array kExtending{
    Range{0x0300, 0x036F},   Range{0x0483, 0x0489},   Range{0x0591, 0x05BD}, Range{0x05BF, 0x05BF},
    Range{0x05C1, 0x05C2},   Range{0x05C4, 0x05C5},   Range{0x05C7, 0x05C7}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F},   Range{0x0670, 0x0670},   Range{0x06D6, 0x06DC}, Range{0x06DF, 0x06E4},
    Range{0x093A, 0x093C},   Range{0x093E, 0x094F},   Range{0x0E31, 0x0E31}, Range{0x0E34, 0x0E3A},
    Range{0x0E47, 0x0E4E},   Range{0x1AB0, 0x1AFF},   Range{0x1DC0, 0x1DFF}, Range{0x200D, 0x200D},
    Range{0x20D0, 0x20FF},   Range{0x3099, 0x309A},   Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F},
    Range{0x1F3FB, 0x1F3FF}, Range{0xE0100, 0xE01EF},
};

// Punctuation and symbols beyond ASCII. Everything else counts as a letter.
constexpr std::array kNotWord{
    Range{0x0080, 0x00A9}, Range{0x00AB, 0x00B4}, Range{0x00B6, 0x00B9}, Range{0x00BB, 0x00BF},
    Range{0x00D7, 0x00D7}, Range{0x00F7, 0x00F7}, Range{0x2000, 0x206F}, Range{0x20A0, 0x20CF},
    Range{0x2190, 0x2BFF}, Range{0x2E00, 0x2E7F}, Range{0x3000, 0x3004}, Range{0x3008, 0x3020},
    Range{0xD800, 0xF8FF}, Range{0xFEFF, 0xFEFF}, Range{0xFF00, 0xFF0F}, Range{0xFF1A, 0xFF20},
    Range{0xFF3B, 0xFF40}, Range{0xFF5B, 0xFF65}, Range{0xFFF0, 0xFFFF},
};

constexpr std::array kIdeographic{
    Range{0x3040, 0x30FF}, Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},
    Range{0xF900, 0xFAFF}, Range{0x20000, 0x323AF},
};

char32_t lower_latin(char32_t c) {
  if (c >= 0xC0 && c <= 0xDE) return c == 0xD7 ? c : c + 32;
  if (c == 0x130) return U'i';
  if (c == 0x178) return 0xFF;
  const bool even_is_upper = (c >= 0x100 && c <= 0x137) || (c >= 0x14A && c <= 0x177) ||
                             (c >= 0x1E00 && c <= 0x1E95) || (c >= 0x1EA0 && c <= 0x1EFF);
  if (even_is_upper && c != 0x131) return c | 1;
  const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
  if (odd_is_upper && (c & 1) != 0) return c + 1;
  return c;
}

char32_t lower_greek(char32_t c) {
  if (c >= 0x391 && c <= 0x3A9) return c == 0x3A2 ? c : c + 32;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 37;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  return c == 0x3C2 ? 0x3C3 : c;
}

char32_t lower_cyrillic(char32_t c) {
  if (c <= 0x40F) return c + 80;
  if (c <= 0x42F) return c + 32;
  const bool even_is_upper =
      (c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F);
  return even_is_upper ? c | 1 : c;
}

}  // namespace

bool is_character_boundary(std::string_view text, std::size_t at) {
  if (at == 0 || at >= text.size()) return true;
  const char previous = text[at - 1];
  const char next = text[at];
  if (is_ascii(previous) && is_ascii(next)) return !(previous == '\r' && next == '\n');
  if (!text::is_code_point_boundary(text, at)) return false;
  if (!is_ascii(next) && in_ranges(kExtending, text::decode_utf8(text.substr(at)).value)) {
    return false;
  }
  // A zero-width joiner binds what follows it.
  return !text.substr(0, at).ends_with("\u200D");
}

char32_t to_lower(char32_t c) {
  if (c < 0x80) return static_cast<char32_t>(text::to_lower(static_cast<char>(c)));
  if (c < 0x250 || (c >= 0x1E00 && c <= 0x1EFF)) return lower_latin(c);
  if (c >= 0x370 && c <= 0x3FF) return lower_greek(c);
  if (c >= 0x400 && c <= 0x52F) return lower_cyrillic(c);
  return c;
}

bool is_word_character(char32_t c) {
  if (c < 0x80) return text::is_alphanumeric(static_cast<char>(c));
  return !in_ranges(kNotWord, c);
}

bool is_ideographic(char32_t c) {
  return c >= 0x3040 && in_ranges(kIdeographic, c);
}

}  // namespace holdfast::embedding
