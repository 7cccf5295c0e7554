// SPDX-License-Identifier: Apache-2.0
#pragma once

// A log line for people to read. Threads: any.

#include "common/log/line.hpp"

namespace holdfast::log {

// As append_json_fields() and append_json_line() in json_line.hpp.
bool append_pretty_fields(Buffer& out, std::span<const Field> fields, std::size_t limit,
                          const RedactPaths* redact = nullptr);
void append_pretty_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                        std::string_view bound, std::span<const Field> fields, bool colours,
                        const RedactPaths* redact = nullptr);

}  // namespace holdfast::log
