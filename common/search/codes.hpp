// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of letters and digits, which people write as one word or as several: "GTX 1080Ti",
// "gtx1080 ti", "GTX-1080-Ti".
//
// Threads: pure functions.

#include "common/search/tokens.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::search {

// Letters or digits of a word, as compared; a word of very many parts is one.
struct CodePart {
  std::string_view text;  // of the word
  std::size_t word = 0;   // its place
  bool begins_word = false;
  bool ends_word = false;
};
using Code = std::vector<CodePart>;

// Whether words with this sign between them are also one: a hyphen, a dot, a slash, an apostrophe
// or the like.
bool is_joiner(char32_t c);

// The longest runs of parts that hang together, in which letters and digits meet at least once: in
// one word, with a joiner, or, where letters and digits meet, with a blank or a new line. Their
// parts are views of `words`.
std::vector<Code> codes_in(std::string_view text, const std::vector<Token>& words);

// Any of the parts that follow each other and in which letters and digits meet, as one; but for
// words as they are.
std::vector<Joined> parts_joined(const Code& code, const std::vector<Token>& words);

// Numbers whose digits are grouped by three, "12,500", as one. Not by a blank, which separates
// numbers as well; a blank that breaks no line does not.
std::vector<Joined> grouped_numbers(std::string_view text, const std::vector<Token>& words);

// Digits that are written in groups, as one: "+49 (30) 123-4567", "4111 1111 1111 1111"; and what
// begins with a country and is written by four, "DE89 3704 0044 ...".
std::vector<Joined> numbers_in_groups(std::string_view text, const std::vector<Token>& words);

// The words in which a code may be written, at first as it is.
std::vector<std::vector<std::string>> spellings_of(const Code& code,
                                                   const std::vector<Token>& words);

}  // namespace holdfast::search
