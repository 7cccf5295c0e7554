// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of a passage that shows why it was found, ready to be put into a page.
//
// Threads: pure functions.

#include "common/search/ranking.hpp"

#include <string>
#include <string_view>

namespace holdfast::search {

// About `bytes` of the text around the best of the matches, without cutting a word or a character,
// in HTML: <mark> around what matched, everything else escaped, "…" where text is left out, and one
// blank for each run of blanks. Its beginning if nothing matched.
std::string snippet(std::string_view text, const std::vector<Match>& matches, const Ranker& ranker,
                    std::size_t bytes = 240);

}  // namespace holdfast::search
