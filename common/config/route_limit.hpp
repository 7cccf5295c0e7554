// SPDX-License-Identifier: Apache-2.0
#pragma once

// A rate limit of one route: "POST /api/documents 20/1m" is at most 20 a minute by one client, on
// top of the general limit. The route is written as metrics and logs name it, placeholders and all:
// "GET /api/documents/{id}"; the method may be "*".
// Threads: pure.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::config {

struct RouteLimit {
  std::string method;  // "*": all
  std::string route;
  std::uint32_t limit = 0;
  Duration window{};
};

Result<RouteLimit> parse_route_limit(std::string_view text);

}  // namespace holdfast::config
