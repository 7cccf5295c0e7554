// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers and identifiers from query strings and paths. Threads: pure functions.

#include "api-worker/edge/problem.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::api {

// Decimal digits only, no sign, no blank; nothing if it does not fit.
std::optional<std::int64_t> parse_digits(std::string_view text);

// ?name=, or `fallback` if it is missing. Out of [low, high] or no number: an entry in `errors`.
std::uint32_t query_number(const http::Request& request, std::string_view name, std::uint32_t low,
                           std::uint32_t high, std::uint32_t fallback,
                           std::vector<FieldError>& errors);

std::string out_of_range(std::uint32_t low, std::uint32_t high);

}  // namespace holdfast::api
