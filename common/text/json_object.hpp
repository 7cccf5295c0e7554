// SPDX-License-Identifier: Apache-2.0
#pragma once

// Splits a JSON object into its members in one forward scan that validates all of it: the grammar
// of RFC 8259 and UTF-8, with paired surrogates in \u escapes. No tree is built and no number is
// converted, so one that no double can hold is accepted.
//
// Threads: pure functions.

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::text {

// Views into the text that was scanned.
struct JsonMember {
  std::string_view key;    // between its quotes, as written
  std::string_view value;  // as written, without surrounding white space
  bool escaped_key = false;
};

using JsonMembers = boost::container::small_vector<JsonMember, 32>;

inline constexpr std::size_t kMaxJsonDepth = 256;

// Replaces the content of `members` with those of the object, in order, duplicates included.
// False: `text` is not one JSON object (white space around it is allowed), or its values are nested
// more than kMaxJsonDepth deep; `members` is then unspecified.
bool scan_json_object(std::string_view text, JsonMembers& members);

// The text of a valid JSON string, given what is between its quotes.
std::string unescape_json(std::string_view inside);

// The text of a value that is a string; nothing for any other value.
std::optional<std::string> json_string_value(std::string_view value);

}  // namespace holdfast::text
