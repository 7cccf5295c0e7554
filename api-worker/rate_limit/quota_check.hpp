// SPDX-License-Identifier: Apache-2.0
#pragma once

// QuotaCheck: counts one request of one client under a general policy and under those of its route,
// and refuses it if one of them is exhausted. The decisions are added to context.quotas.
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
  using Policies = std::vector<rate_limit::Policy>;

  void append_route_policies(const Context& context, Policies& policies) const;
  // Checks one policy after the other, from `index` on.
  void ask(const ContextPtr& context, const std::shared_ptr<const Policies>& policies,
           std::size_t index, const std::string& client, const Resume& resume);

  struct RouteRule {
    std::string method;
    rate_limit::Policy policy;
  };
  Limiter& limiter_;
  std::unordered_map<std::string, std::vector<RouteRule>> routes_;  // by route
};

}  // namespace holdfast::api
