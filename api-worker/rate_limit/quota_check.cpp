// SPDX-License-Identifier: Apache-2.0
#include "api-worker/rate_limit/quota_check.hpp"

#include "api-worker/edge/problem.hpp"
#include "api-worker/rate_limit/headers.hpp"
#include "common/base/duration.hpp"
#include "common/config/route_limit.hpp"

namespace holdfast::api {

using rate_limit::Policies;
using rate_limit::Policy;

namespace {

std::optional<http::Response> note(Context& context, const Policies& policies,
                                   const std::string& client, const Limiter::Decisions& decisions) {
  for (std::size_t i = 0; i < policies.size(); ++i)
    context.quotas.push_back({policies[i], client, decisions[i]});
  const Quota& quota = governing(context.quotas);
  if (quota.decision.allowed) return {};
  return too_many_requests(context, quota);
}

}  // namespace

http::Response too_many_requests(const Context& context, const Quota& quota) {
  return problem_response(
      context, {429, fmt::format("Too many requests: the limit is {} in {}. Try again in {} s.",
                                 quota.policy.limit, format_duration(quota.policy.window),
                                 seconds_to_wait(quota.decision))});
}

QuotaCheck::QuotaCheck(const config::RateLimit& config, Limiter& limiter) : limiter_(limiter) {
  for (const std::string& text : config.routes) {
    const auto rule = config::parse_route_limit(text);
    if (!rule) continue;  // the configuration was checked when it was loaded
    const std::string name = rule->method + " " + rule->route;
    routes_[rule->route].push_back({rule->method, {name, rule->limit, rule->window}});
  }
}

void QuotaCheck::append_route_policies(const Context& context, Policies& policies) const {
  if (routes_.empty()) return;
  const auto found = routes_.find(std::string(context.route));
  if (found == routes_.end()) return;
  const std::string method = context.request->method == "HEAD" ? "GET" : context.request->method;
  for (const RouteRule& rule : found->second) {
    if (rule.method == "*" || rule.method == method) policies.push_back(rule.policy);
  }
}

std::optional<http::Response> QuotaCheck::operator()(Context& context, const Policy& general,
                                                     const std::string& client) {
  Policies policies{general};
  append_route_policies(context, policies);
  if (limiter_.is_remote()) {
    context.wait_for = [this, policies = std::make_shared<const Policies>(std::move(policies)),
                        client](const ContextPtr& waiting, const Resume& resume) {
      limiter_.decide(*policies, client,
                      [waiting, policies, client, resume](const Limiter::Decisions& decisions) {
                        resume(note(*waiting, *policies, client, decisions));
                      });
    };
    return {};
  }
  return note(context, policies, client, limiter_.decide_now(policies, client));
}

}  // namespace holdfast::api
