// SPDX-License-Identifier: Apache-2.0
#pragma once

// The numbers of the text formats.
//
// Threads: any; pure.

#include <optional>
#include <string_view>

namespace holdfast::supervisor::telemetry {

// Decimal, or "NaN", "+Inf", "-Inf" in any case; nothing if `text` is not a number.
std::optional<double> parse_number(std::string_view text);

// Parses "VALUE [TIMESTAMP] [# EXEMPLAR]" from `at` to the line feed and moves `at` past it.
// Returns nothing, and leaves `at` alone, if the input does not match or there is no line feed
// before `end`.
std::optional<double> parse_value(const char*& at, const char* end);

}  // namespace holdfast::supervisor::telemetry
