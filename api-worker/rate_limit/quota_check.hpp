// SPDX-License-Identifier: Apache-2.0
#pragma once

// QuotaCheck: counts one request of one client under a general policy and under those of its route,
// or refuses it if one of them is exhausted: then it has counted under none. The decisions are
// added to context.quotas.
//
// Threads: the event loop's.

#include "api-worker/edge/context.hpp"
#include "api-worker/rate_limit/limiter.hpp"
#include "common/config/config.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace holdfast::api {

// The response to a request that a limit refused: 429.
http::Response too_many_requests(const Context& context, const Quota& quota);

class QuotaCheck {
 public:
  // `limiter` outlives this.
  QuotaCheck(const config::RateLimit& config, Limiter& limiter);

  // As Middleware::on_request: a refusal or nothing; sets context.wait_for to ask Redis.
  std::optional<http::Response> operator()(Context& context, const rate_limit::Policy& general,
                                           const std::string& client);

 private:
  void append_route_policies(const Context& context, rate_limit::Policies& policies) const;

  struct RouteRule {
    std::string method;
    rate_limit::Policy policy;
  };
  Limiter& limiter_;
  std::unordered_map<std::string, std::vector<RouteRule>> routes_;  // by route
};

}  // namespace holdfast::api
