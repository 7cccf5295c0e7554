// SPDX-License-Identifier: Apache-2.0
#include "common/config/route_limit.hpp"

#include "common/base/duration.hpp"
#include "common/config/suggest.hpp"
#include "common/protocol/api_routes.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

bool names_route(const RouteLimit& rule) {
  const auto& routes = protocol::kApiRoutes;
  return std::any_of(routes.begin(), routes.end(), [&rule](const protocol::ApiRoute& route) {
    return route.pattern == rule.route && (rule.method == "*" || rule.method == route.method);
  });
}

// A limit of a route that does not exist would never apply, and nobody would notice.
Result<void> check_route(const RouteLimit& rule, std::string_view text) {
  if (names_route(rule)) return {};
  if (rule.method == "HEAD" && names_route({"GET", rule.route})) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}': HEAD counts as GET; write 'GET {}'", text, rule.route));
  }
  std::vector<std::string> known;
  for (const protocol::ApiRoute& route : protocol::kApiRoutes) {
    const std::string_view named = rule.method == "*" ? "*" : route.method;
    known.push_back(fmt::format("{} {}", named, route.pattern));
  }
  const std::string near = did_you_mean(rule.method + " " + rule.route, known);
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}': there is no such route{}", text,
                          near.empty() ? "; /openapi.json lists them" : near));
}

}  // namespace

Result<RouteLimit> parse_route_limit(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}': {}; write it like \"POST /api/documents 20/1m\"", text, why));
  };
  const auto first = text.find(' ');
  const auto second = first == std::string_view::npos ? first : text.find(' ', first + 1);
  if (second == std::string_view::npos || text.find(' ', second + 1) != std::string_view::npos) {
    return wrong("it must have three parts with one space between them");
  }
  RouteLimit rule;
  rule.method = text.substr(0, first);
  rule.route = text.substr(first + 1, second - first - 1);
  const std::string_view rate = text.substr(second + 1);
  const bool is_method = !rule.method.empty() && text::all_of(rule.method, text::is_upper);
  if (!is_method && rule.method != "*") return wrong("the method is not valid");
  if (!rule.route.starts_with('/')) return wrong("the route does not begin with '/'");
  const auto slash = rate.find('/');
  rule.limit = text::parse_number<decltype(rule.limit)>(rate.substr(0, slash)).value_or(0);
  if (slash == std::string_view::npos || rule.limit < 1 || rule.limit > 1'000'000'000) {
    return wrong("the rate must be a number from 1 to 1000000000, '/' and a duration");
  }
  HOLDFAST_TRY_ASSIGN(rule.window, parse_duration(rate.substr(slash + 1)));
  if (rule.window < std::chrono::seconds(1) || rule.window > std::chrono::hours(24)) {
    return wrong("the duration is not between 1s and 1d");
  }
  HOLDFAST_TRY(check_route(rule, text));
  return rule;
}

}  // namespace holdfast::config
