// SPDX-License-Identifier: Apache-2.0
#pragma once

// Escapes text for a log line of bounded length. Threads: any.

#include "common/log/line.hpp"

#include <cstddef>
#include <string_view>

namespace holdfast::log {

// Appends `text` as the inside of a JSON string, escaped by text::escape_json(). If `out` would
// grow beyond `limit` bytes, stops before and appends "…"; returns whether all of `text` was
// written.
bool append_escaped(Buffer& out, std::string_view text, std::size_t limit);

}  // namespace holdfast::log
