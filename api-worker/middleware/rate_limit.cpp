// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/rate_limit.hpp"

#include "api-worker/middleware/api_keys.hpp"
#include "common/net/ip_address.hpp"
#include "common/protocol/api_routes.hpp"

#include <algorithm>

namespace holdfast::api {

std::string rate_limit_key(const Client& client, unsigned ipv6_prefix) {
  // IPv4 is in its canonical form already (client_address.cpp, common/http/peer.cpp).
  if (client.address.find(':') == std::string::npos) return client.address;
  const auto address = net::IpAddress::parse(client.address);
  if (!address || address->is_v4()) return client.address;
  return fmt::format("{}/{}", address->network_of(ipv6_prefix).to_string(), ipv6_prefix);
}

RateLimit::RateLimit(const config::RateLimit& config, Limiter& limiter, const Clock& clock,
                     prometheus::Registry& registry)
    : check_(config, limiter),
      clock_(clock),
      rejected_(metrics::Counters(registry, "rate_limit_rejected_total").only()),
      headers_(RateLimitHeaders::from(config)),
      ipv6_prefix_(config.ipv6_prefix),
      general_{"default", config.max, config.window} {}

std::optional<http::Response> RateLimit::on_request(Context& context) {
  if (!protocol::is_counted(context.request->path)) return {};
  const bool has_key =
      key_use(context) != KeyUse::None && presents_api_key(context.request->headers);
  if (has_key) return {};  // ApiKeys and KeyRateLimit
  return check_(context, general_, rate_limit_key(context.client, ipv6_prefix_));
}

void RateLimit::on_response(Context& context, http::Response& response) {
  if (context.quotas.empty()) return;
  const bool rejected = std::any_of(context.quotas.begin(), context.quotas.end(),
                                    [](const Quota& quota) { return !quota.decision.allowed; });
  if (rejected) rejected_.Increment();
  headers_.write(context.quotas, clock_.wall(), response);
}

KeyRateLimit::KeyRateLimit(const config::Config& config, Limiter& limiter)
    : check_(config.rate_limit, limiter),
      general_{"key", config.auth.rate_limit, config.rate_limit.window} {}

std::optional<http::Response> KeyRateLimit::on_request(Context& context) {
  if (!context.api_key || !protocol::is_counted(context.request->path)) return {};
  rate_limit::Policy policy = general_;
  policy.limit = context.api_key->rate_limit.value_or(policy.limit);
  return check_(context, policy, "key:" + context.api_key->lineage);
}

}  // namespace holdfast::api
