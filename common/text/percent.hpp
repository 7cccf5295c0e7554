// SPDX-License-Identifier: Apache-2.0
#pragma once

// Percent-encoding (RFC 3986, 2.1). Threads: pure functions.

#include <string>
#include <string_view>

namespace holdfast::text {

enum class Plus { Literal, Space };  // Space: as HTML forms encode queries

// Replaces `out` with the decoded text. False, with `out` unspecified, if an escape is broken or
// the result would hold a NUL, which every C interface would take for its end.
bool percent_decode(std::string_view text, std::string& out, Plus plus = Plus::Literal);

// Appends `text` with everything but unreserved characters (letters, digits, "-._~") escaped.
void append_percent_encoded(std::string& out, std::string_view text);

}  // namespace holdfast::text
