// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values of query strings. Threads: pure functions.

#include "api-worker/edge/problem.hpp"

#include <cstdint>
#include <string_view>

namespace holdfast::api {

// The value of ?name=; null if it is missing. Adds to `errors` if it is given more than once: which
// of them counts, nobody could say.
const std::string* query_text(const http::Request& request, std::string_view name,
                              std::vector<FieldError>& errors);

// The value of ?name=, or `fallback` if it is missing. Adds to `errors` unless it is a whole number
// in [low, high].
std::uint32_t query_number(const http::Request& request, std::string_view name, std::uint32_t low,
                           std::uint32_t high, std::uint32_t fallback,
                           std::vector<FieldError>& errors);

std::string out_of_range(std::uint32_t low, std::uint32_t high);

}  // namespace holdfast::api
