// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is written at the beginning of Arabic words: the article, and one-letter conjunctions and
// prepositions. A stemmer cannot tell these from the first letter of a bare noun, and makes one
// stem of وزير and another one of الوزير.
//
// Threads: a pure function.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::search {

// What is to be stemmed of a word: the word, and, with the article, which keeps a stemmer from
// taking more off, the word and what is left of it without prefixes, if that is long enough to be a
// word.
std::vector<std::string> arabic_forms(std::string_view word);

}  // namespace holdfast::search
