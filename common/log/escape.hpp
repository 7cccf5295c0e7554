// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text into a log line: nothing that it holds can end the line, leave its quotes or drive a
// terminal. Threads: any.

#include "common/log/line.hpp"

#include <cstddef>
#include <string_view>

namespace holdfast::log {

// Appends `text` as the inside of a JSON string (RFC 8259, section 7). Bytes that are not UTF-8
// (RFC 3629) become U+FFFD. Stops before `out` grows past `limit` bytes and then ends with "…";
// returns false if it had to.
bool append_escaped(Buffer& out, std::string_view text, std::size_t limit);

}  // namespace holdfast::log
