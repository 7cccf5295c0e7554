// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of a JSON string (RFC 8259, 7). One spelling for everything that we write: the short
// escapes where JSON has them, \u00xx for other control characters, and U+FFFD for each byte that
// is not UTF-8. DEL and all that terminal.hpp calls hidden are escaped as well, though JSON does
// not ask for it: log lines end up on terminals. Nothing that is escaped so can end a line or its
// quotes.
//
// Threads: pure functions.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::text {

// How many bytes at the front of `text` may stand in a JSON string as they are. Ends at a code
// point boundary.
std::size_t json_literal_run(std::string_view text);

// What is written for the character that json_literal_run() stops at.
struct JsonEscape {
  std::array<char, 12> text{};
  std::size_t size = 0;    // of it
  std::size_t length = 1;  // of what it stands for
};
JsonEscape json_escape(std::string_view text);

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
    const JsonEscape escape = json_escape(text);
    if (!put(std::string_view(escape.text.data(), escape.size), false)) return false;
    text.remove_prefix(escape.length);
  }
  return true;
}

// Appends `text` as the inside of a JSON string.
void append_json_escaped(std::string& out, std::string_view text);

// The same, with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace holdfast::text
