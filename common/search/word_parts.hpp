// SPDX-License-Identifier: Apache-2.0
#pragma once

// Words that programmers and makers write as one: "getUserById", "HTTPServerError", "Python3",
// "10km", "v1.2.3". Who types a part of one means the whole, too.
//
// Threads: pure functions.

#include "common/search/tokens.hpp"

#include <string_view>
#include <vector>

namespace holdfast::search {

// The parts of words of ASCII letters and digits that begin with a capital after small letters, or
// where letters and digits meet; and several of them as one, where there are few. Not a letter
// alone, nor a digit or two, but for the version after a "v".
std::vector<Joined> parts_of_words(std::string_view text, const std::vector<Token>& words);

}  // namespace holdfast::search
