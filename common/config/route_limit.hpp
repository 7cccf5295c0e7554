// SPDX-License-Identifier: Apache-2.0
#pragma once

// A rate limit of one route: "POST /api/documents 20/1m" allows one client 20 requests a minute, in
// addition to the general limit. The route is written as in metrics and logs, with placeholders:
// "GET /api/documents/{id}". The method may be "*". One that names no route of the API is refused.
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
