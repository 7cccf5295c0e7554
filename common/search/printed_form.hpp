// SPDX-License-Identifier: Apache-2.0
#pragma once

// Characters that are a way to print others, as texts copied from PDFs and old files have them: the
// ligature "\uFB01" is "fi", half-width "\uFF76\uFF9E" is "\u30AC", an Arabic letter in the form it
// has inside a word is that letter, "\u2163" is "IV", "\u338F" is "kg".
//
// Source: the compatibility decompositions of Unicode Standard Annex 15 (NFKC), but for those that
// are no part of a word: superscripts and subscripts ("10\u00B2" is not 102), what is circled
// ("\u2461"), fractions; and but for Thai and Lao, whose "am" nobody writes in two parts.
//
// Threads: pure functions.

#include <string>

namespace holdfast::search {

// The characters that `c` stands for; empty if it stands for itself.
std::u32string spelled_plainly(char32_t c);

// The characters of a fraction or of what is drawn in a circle, which are words of their own:
// "\u00BD" is "1/2", "\u2461" and "\u2777" are "2", "\u3299" is the ideograph; empty if it is
// neither.
std::u32string drawn_as_one(char32_t c);

// The characters of a superscript or a subscript, on the line: "\u2082" is "2", "\u2122" is "TM";
// empty if it is neither.
std::u32string lowered_to_line(char32_t c);

}  // namespace holdfast::search
