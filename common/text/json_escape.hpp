// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of a JSON string (RFC 8259, 7). One spelling for everything that we write: the short
// escapes where JSON has them, \u00xx for other control characters, and U+FFFD for each byte that
// is not UTF-8. DEL is escaped as well, though JSON does not ask for it: log lines end up on
// terminals. Nothing that is escaped so can end a line or its quotes.
//
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::text {

// How many bytes at the front of `text` may stand in a JSON string as they are. Ends at a code
// point boundary.
std::size_t json_literal_run(std::string_view text);

// What is written for a byte that json_literal_run() stops at. The text is static.
std::string_view json_escape(char c);

// Calls `put(std::string_view piece, bool literal)` with what to write for `text`, in order, until
// it returns false. A literal piece is part of `text` and may be cut at any code point boundary; an
// escape is one unit. Returns whether all of it was put.
template <class Put>
bool escape_json(std::string_view text, Put put) {
  while (!text.empty()) {
    const std::size_t run = json_literal_run(text);
    if (run > 0 && !put(text.substr(0, run), true)) return false;
    text.remove_prefix(run);
    if (text.empty()) break;
    if (!put(json_escape(text.front()), false)) return false;
    text.remove_prefix(1);
  }
  return true;
}

// Appends `text` as the inside of a JSON string.
void append_json_escaped(std::string& out, std::string_view text);

// The same, with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace holdfast::text
