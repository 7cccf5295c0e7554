// SPDX-License-Identifier: Apache-2.0
#pragma once

// Just enough Unicode for cutting and hashing text: where a reader sees the edge of a character,
// what makes a word, and simple lower-casing of the Latin, Greek and Cyrillic blocks. No locale.
// Stored vectors of `hashing` were made by these rules, so they stay as they are; what search makes
// of a character, in all scripts, is search/letters.hpp.
//
// Threads: pure functions. Bytes that are not UTF-8 count as text::kReplacement, one each.

#include <cstddef>
#include <string_view>

namespace holdfast::embedding {

// Whether a reader would call `at` the edge of a character: a code point boundary that splits
// neither CR LF nor a base letter from its combining marks, variation selectors or joiners.
// Approximates UAX #29; in doubt the answer is no.
bool is_character_boundary(std::string_view text, std::size_t at);

// Simple case mapping: one code point to one. The final sigma becomes the common one.
char32_t to_lower(char32_t code_point);

// A letter, digit or mark: what a word is made of.
bool is_word_character(char32_t code_point);

// Scripts written without spaces, in which each character counts as a word.
bool is_ideographic(char32_t code_point);

}  // namespace holdfast::embedding
