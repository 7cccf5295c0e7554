// SPDX-License-Identifier: Apache-2.0
#pragma once

// Makes spellings of one word equal: case, accents, full-width forms, letters that are written
// apart from their marks (as file names of macOS are), points and vowel signs of Hebrew and Arabic,
// the forms of alef, the nukta and the nasals of Indian letters, digits of other scripts.
//
// Threads: pure functions.

#include <string>
#include <string_view>

namespace holdfast::search {

// A sign of Hebrew or Arabic that everyday writing leaves out, but for those that make another
// letter of the one before.
bool is_vowel_point(char32_t c);

// The ASCII digit that a digit of another script stands for; other characters as they are.
char32_t ascii_digit(char32_t c);

// Appends the lower-cased letter; a mark is joined with the letter before it, where Unicode has one
// character for both. What a stemmer expects.
void append_letter(std::u32string& word, char32_t c);

// Without accents and marks, which people leave out when they type.
std::u32string fold(std::u32string_view word);

std::string to_utf8(std::u32string_view text);

}  // namespace holdfast::search
