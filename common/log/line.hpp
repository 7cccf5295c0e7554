// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the two forms of a log line (json_line.hpp, pretty_line.hpp) have in common. Values.

#include "common/log/logger.hpp"

#include <fmt/format.h>

namespace holdfast::log {

using Buffer = fmt::basic_memory_buffer<char, 1024>;

// Where a line's parts must end, so that all of it stays within kMaxLine and remains valid JSON:
// bound fields get 8 KiB, and the message leaves at least 8 KiB for the fields of the call.
inline constexpr std::size_t kMaxBound = 8u << 10;
inline constexpr std::size_t kMaxMessage = 48u << 10;
inline constexpr std::size_t kLineTail = 64;  // room for closing braces and "truncated"

}  // namespace holdfast::log
