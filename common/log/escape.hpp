// SPDX-License-Identifier: Apache-2.0
#pragma once

// Escapes text for a log line, so that nothing in it can end the line, leave its quotes or control
// a terminal. Threads: any.

#include "common/log/line.hpp"

#include <cstddef>
#include <string_view>

namespace holdfast::log {

// Appends `text` as the inside of a JSON string (RFC 8259, section 7). Bytes that are not UTF-8
// (RFC 3629) become U+FFFD. If `out` would grow beyond `limit` bytes, the text is cut and ends with
// "…", and the result is false.
bool append_escaped(Buffer& out, std::string_view text, std::size_t limit);

}  // namespace holdfast::log
