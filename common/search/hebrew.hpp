// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is written at the beginning of Hebrew words, the article and one-letter prepositions and
// conjunctions; and marks inside them: the quote of an acronym and the apostrophe of a foreign
// sound. They are typed as an ASCII quote or apostrophe, a curly one, or the letters' own gershayim
// and geresh.
//
// Threads: pure functions.

#include <cstddef>
#include <string_view>
#include <vector>

namespace holdfast::search {

// How many bytes of the text at `at` are such a mark, which has Hebrew letters on both sides; 0:
// none are. It is no part of the word that is compared, and no quote.
std::size_t hebrew_mark(std::string_view text, std::size_t at);

// A folded word, and what is left of it without one, two or three prefixes, if that is long enough
// to be a word. Views of `word`.
std::vector<std::string_view> without_hebrew_prefixes(std::string_view word);

}  // namespace holdfast::search
