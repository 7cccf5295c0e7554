// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rate limit: how many requests one client may make.
//
// - A client is an address: IPv4 in full, IPv6 by its first rate_limit.ipv6_prefix bits; behind
//   trusted proxies the address that they name. All peers of a Unix socket are one client.
// - Every request counts, whatever its outcome, unless it is refused here: 429 with Retry-After.
//   /health, /live, /ready, /metrics, /internal/* and preflights do not count.
// - rate_limit.routes are further limits, each for one route. A request counts under the general
//   limit and those of its route, or, if one of them refuses it, under none.
// - A request with an API key is counted by key, not by address, and all rotations of a key are
//   one: see KeyRateLimit, after ApiKeys. Where keys are not looked at (key_use), by address.
//   Invalid keys are counted there, by address, separately from requests without a key.
// - Every counted response has the headers of rate_limit/headers.hpp.

#include "api-worker/middleware/middleware.hpp"
#include "api-worker/rate_limit/headers.hpp"
#include "api-worker/rate_limit/quota_check.hpp"
#include "common/metrics/instruments.hpp"

#include <prometheus/registry.h>

namespace holdfast::api {

// The key of a client. "192.0.2.7", "2001:db8:0:100::/56", "unix".
std::string rate_limit_key(const Client& client, unsigned ipv6_prefix);

class RateLimit final : public Middleware {
 public:
  // `limiter` outlives this.
  RateLimit(const config::RateLimit& config, Limiter& limiter, const Clock& clock,
            prometheus::Registry& registry);
  std::optional<http::Response> on_request(Context& context) override;
  void on_response(Context& context, http::Response& response) override;

 private:
  QuotaCheck check_;
  const Clock& clock_;
  prometheus::Counter& rejected_;
  RateLimitHeaders headers_;
  unsigned ipv6_prefix_;
  rate_limit::Policy general_;
};

// The limit of the API key that a request presented; after ApiKeys.
class KeyRateLimit final : public Middleware {
 public:
  KeyRateLimit(const config::Config& config, Limiter& limiter);
  std::optional<http::Response> on_request(Context& context) override;

 private:
  QuotaCheck check_;
  rate_limit::Policy general_;
};

}  // namespace holdfast::api
