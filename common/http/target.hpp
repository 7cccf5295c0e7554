// SPDX-License-Identifier: Apache-2.0
#pragma once

// The target of a request in origin form: RFC 3986, 2.1 and 3.3 to 3.4. Pure; any thread.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

// Splits "/a%20b?x=1" into the decoded path and query; a '+' in the query is a space, as HTML forms
// send it. False if the target is malformed (bad escapes, NUL, no leading '/', invalid UTF-8) or if
// its path is ambiguous: dot segments, an escaped slash, a backslash, control characters.
bool parse_target(std::string_view target, std::string& path,
                  std::vector<std::pair<std::string, std::string>>& query);

}  // namespace holdfast::http
