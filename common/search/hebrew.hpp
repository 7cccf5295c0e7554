// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks inside Hebrew words: the quote of an acronym and the apostrophe of a foreign sound. They
// are typed as an ASCII quote or apostrophe, a curly one, or the letters' own gershayim and geresh.
//
// Threads: a pure function.

#include <cstddef>
#include <string_view>

namespace holdfast::search {

// How many bytes of the text at `at` are such a mark, which has Hebrew letters on both sides; 0:
// none are. It is no part of the word that is compared, and no quote.
std::size_t hebrew_mark(std::string_view text, std::size_t at);

}  // namespace holdfast::search
