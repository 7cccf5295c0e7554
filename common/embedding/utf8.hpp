// SPDX-License-Identifier: Apache-2.0
#pragma once

// Just enough Unicode for cutting and hashing text: decoding (RFC 3629), where one may cut, and
// simple lower-casing of the Latin, Greek and Cyrillic blocks. No tables, no locale.
//
// Threads: pure functions. Invalid bytes are never an error: each one decodes to U+FFFD.

#include <cstddef>
#include <string_view>

namespace holdfast::embedding {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code_point = kReplacement;
  std::size_t length = 1;  // bytes read; 1 for an invalid byte
};

// The code point that begins at `at`, which must be inside `text`.
Decoded decode_utf8(std::string_view text, std::size_t at);

// Whether a code point (or a stray byte) begins at `at`. True at both ends of the text.
bool is_code_point_boundary(std::string_view text, std::size_t at);

// Whether a reader would call `at` the edge of a character: a code point boundary that splits
// neither CR LF nor a base letter from its combining marks, variation selectors or joiners.
// An approximation of UAX #29 that leans to "no".
bool is_character_boundary(std::string_view text, std::size_t at);

// Simple case mapping: one code point to one. The final sigma becomes the common one.
char32_t to_lower(char32_t code_point);

// A letter, digit or mark: what a word is made of.
bool is_word_character(char32_t code_point);

// Scripts written without spaces, where each sign is counted as a word.
bool is_ideographic(char32_t code_point);

}  // namespace holdfast::embedding
