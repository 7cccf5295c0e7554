// SPDX-License-Identifier: Apache-2.0
#pragma once

// The routes of the public API: what the API worker answers, and what a limit in [rate_limit]
// `routes` may name. The worker adds its handlers itself; a unit test sees that the two agree.

#include "common/protocol/names.hpp"

#include <array>
#include <string_view>

namespace holdfast::protocol {

struct ApiRoute {
  std::string_view method;  // HEAD is answered as GET, OPTIONS by the router
  std::string_view pattern;
  bool takes_body = false;
};

inline constexpr std::array<ApiRoute, 24> kApiRoutes{{
    {"GET", "/api/documents"},
    {"POST", "/api/documents", true},
    {"POST", "/api/documents/batch", true},
    {"GET", "/api/documents/{id}"},
    {"PUT", "/api/documents/{id}", true},
    {"DELETE", "/api/documents/{id}"},
    {"GET", "/api/documents/{id}/content"},
    {"GET", "/api/search"},
    {"POST", "/api/search", true},
    {"GET", "/api/jobs"},
    {"POST", "/api/jobs/bulk", true},
    {"GET", "/api/jobs/{id}"},
    {"DELETE", "/api/jobs/{id}"},
    {"POST", "/api/jobs/{id}/retry"},
    {"POST", "/api/jobs/{id}/cancel"},
    {"GET", "/api/queue"},
    {"POST", "/api/queue/pause", true},
    {"POST", "/api/queue/resume", true},
    {"GET", "/openapi.json"},
    {"GET", kHealthPath},
    {"GET", kLivePath},
    {"GET", kReadyPath},
    {"GET", kMetricsPath},
    {"GET", "/internal/stats"},
}};

// Whether requests for this path count under rate limits.
constexpr bool is_counted(std::string_view path) {
  return path != kHealthPath && path != kLivePath && path != kReadyPath && path != kMetricsPath &&
         path != "/internal" && !path.starts_with("/internal/");
}

}  // namespace holdfast::protocol
