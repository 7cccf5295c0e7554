// SPDX-License-Identifier: Apache-2.0
#pragma once

// A log line as a JSON object. Threads: any.

#include "common/log/line.hpp"

namespace holdfast::log {

// Appends `fields` as they appear in a line, each with its leading separator. What does not fit
// into `limit` bytes of `out` is cut with "…" or left out; then the result is false.
bool append_json_fields(Buffer& out, std::span<const Field> fields, std::size_t limit,
                        const RedactPaths* redact = nullptr);

// Appends a whole line with its newline. `bound`: fields that were formatted before.
void append_json_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                      std::string_view bound, std::span<const Field> fields,
                      const RedactPaths* redact = nullptr);

}  // namespace holdfast::log
