// SPDX-License-Identifier: Apache-2.0
#pragma once

// What workers and clients wrote, for a terminal: nothing in it moves the cursor, changes colours,
// titles or the clipboard, reverses the direction of the text or cannot be seen.
//
// Control characters (C0, DEL, C1), bidirectional and zero-width ones, and what else has no glyph
// of its own are written as in JSON: "\u001b", "\u202e". Each byte that is not UTF-8 becomes
// U+FFFD.
//
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::text {

// Whether a code point from U+0080 upward cannot be seen, or changes how others are seen.
constexpr bool is_hidden(char32_t c) {
  return (c >= 0x80 && c <= 0x9F) ||        // C1
         c == 0xAD ||                       // soft hyphen
         c == 0x34F || c == 0x61C ||        // combining grapheme joiner, Arabic letter mark
         c == 0x115F || c == 0x1160 ||      // fillers
         c == 0x17B4 || c == 0x17B5 ||      // vowels without a glyph
         (c >= 0x180B && c <= 0x180F) ||    // Mongolian separators
         (c >= 0x200B && c <= 0x200F) ||    // zero width, direction marks
         (c >= 0x2028 && c <= 0x202E) ||    // line and paragraph separators, direction overrides
         (c >= 0x2060 && c <= 0x206F) ||    // word joiner, direction isolates
         c == 0x3164 || c == 0xFFA0 ||      // fillers
         c == 0xFEFF ||                     // byte order mark
         (c >= 0xFFF9 && c <= 0xFFFB) ||    // annotations
         (c >= 0x1BCA0 && c <= 0x1BCA3) ||  // shorthand format controls
         (c >= 0x1D173 && c <= 0x1D17A) ||  // beams, ties and slurs of music
         (c >= 0xE0000 && c <= 0xE0FFF);    // tags
}

// The bytes of the hidden code point that `text` begins with; 0 if it begins with none.
std::size_t hidden_sequence(std::string_view text);

// "\u202e", or a pair of surrogates.
void append_unicode_escape(std::string& out, char32_t code_point);

// Newlines and tabs stay. Colours (ECMA-48's SGR) are left out rather than escaped: programs use
// them in good faith.
std::string for_terminal(std::string_view text);

// The same for what has to stay on its line: newlines are escaped too.
std::string for_terminal_line(std::string_view text);

// In `json`, which is valid JSON, from this offset on: hidden characters can only be in strings.
void escape_hidden(std::string& json, std::size_t from = 0);

}  // namespace holdfast::text
