// SPDX-License-Identifier: Apache-2.0
#pragma once

// The text of one log line, apart from clocks and descriptors. Threads: any.

#include "common/log/logger.hpp"

#include <fmt/format.h>

namespace holdfast::log {

using Buffer = fmt::basic_memory_buffer<char, 1024>;

// Where a line's parts must end, so that all of it stays within kMaxLine and remains whole JSON:
// bound fields get 8 KiB, the message leaves at least 8 KiB for the fields of the call.
inline constexpr std::size_t kMaxBound = 8u << 10;
inline constexpr std::size_t kMaxMessage = 48u << 10;
inline constexpr std::size_t kLineTail = 64;  // room for closing braces and "truncated"

// The `fields` as they stand in a line: each begins with its separator. What does not fit until
// `limit` bytes in `out` is cut with "…" or left out; then the result is false.
bool append_json_fields(Buffer& out, std::span<const Field> fields, std::size_t limit);
bool append_pretty_fields(Buffer& out, std::span<const Field> fields, std::size_t limit);

// A whole line with its newline.
void append_json_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                      std::string_view bound, std::span<const Field> fields);
void append_pretty_line(Buffer& out, WallTime time, Level level, std::string_view msg,
                        std::string_view bound, std::span<const Field> fields, bool colours);

}  // namespace holdfast::log
