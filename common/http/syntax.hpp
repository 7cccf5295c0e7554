// SPDX-License-Identifier: Apache-2.0
#pragma once

// Character classes of RFC 9110, section 5.6, and UTF-8 validity. Pure; any thread.

#include <string_view>

namespace holdfast::http {

bool is_token_char(char c);
bool is_token(std::string_view text);  // at least one token character, nothing else

// What may stand in a field value on the wire: visible ASCII, space, tab and obs-text. Never CR,
// LF, NUL or another control character.
bool is_field_value(std::string_view text);

// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace holdfast::http
