// SPDX-License-Identifier: Apache-2.0
#pragma once

// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
// Threads: pure functions.

#include <cstddef>
#include <string_view>

namespace holdfast::api {

// The length of the sequence that starts `text`, 1 to 4; 0 if it starts with no valid one.
std::size_t utf8_sequence(std::string_view text);

// The offset of the first byte that is not UTF-8, or npos.
std::size_t find_invalid_utf8(std::string_view text);

// How many code points valid UTF-8 holds.
std::size_t count_code_points(std::string_view text);

// The first `count` code points of valid UTF-8.
std::string_view utf8_prefix(std::string_view text, std::size_t count);

}  // namespace holdfast::api
