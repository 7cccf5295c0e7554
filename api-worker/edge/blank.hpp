// SPDX-License-Identifier: Apache-2.0
#pragma once

// Blank text in Unicode's sense: what shows nothing. White space of every script, control
// characters, and characters without width (byte order mark, joiners, direction marks, fillers).
// Threads: pure functions.

#include <string_view>

namespace holdfast::api {

bool is_blank(char32_t code_point);
bool is_blank(std::string_view utf8);  // also if empty

// Without what is blank at its ends.
std::string_view trim_blank(std::string_view utf8);

}  // namespace holdfast::api
