// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a character is to search: part of a word, a sign of its own, or what ends a word. By
// Unicode's general categories, for all scripts.
//
// Threads: pure functions.

namespace holdfast::search {

// Whether readers do not see it: a soft hyphen, a byte order mark, a joiner, a variation selector.
bool is_invisible(char32_t c);

// A letter, a digit or a mark, which belongs to the letter before it. Not those that are drawn in a
// circle, fractions, or the letters that some languages have for an apostrophe.
bool is_letter(char32_t c);

// A sign that stands inside a word and is not part of it: Armenian's question and exclamation marks
// and its emphasis, which stand on a vowel, and what stretches a word.
bool is_inside_words(char32_t c);

// A picture, which people look for by itself. It ends a word.
bool is_emoji(char32_t c);

// Two of them are a flag.
bool is_half_of_flag(char32_t c);

// One code point to one, in all scripts that have cases. The final sigma becomes the common one.
char32_t to_lower(char32_t c);

}  // namespace holdfast::search
