// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers from query strings. Threads: pure functions.

#include "api-worker/edge/problem.hpp"

#include <cstdint>
#include <string_view>

namespace holdfast::api {

// The number in ?name=, or `fallback` if there is none. If it is not a number in [low, high], adds to
// `errors`.
std::uint32_t query_number(const http::Request& request, std::string_view name, std::uint32_t low,
                           std::uint32_t high, std::uint32_t fallback,
                           std::vector<FieldProblem>& errors);

std::string out_of_range(std::uint32_t low, std::uint32_t high);

}  // namespace holdfast::api
