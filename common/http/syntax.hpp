// SPDX-License-Identifier: Apache-2.0
#pragma once

// Character classes of RFC 9110, 5.5 and 5.6. Threads: pure functions.

#include <string_view>

namespace holdfast::http {

bool is_token_char(char c);
bool is_token(std::string_view text);  // not empty, and nothing but token characters

// A field value on the wire: visible ASCII, space, tab and obs-text, but no other control character
// (CR, LF and NUL among them).
bool is_field_value(std::string_view text);

}  // namespace holdfast::http
