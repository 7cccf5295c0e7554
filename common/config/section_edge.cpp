// SPDX-License-Identifier: Apache-2.0
// The fields of [rate_limit], [cors], [security] and [auth].
#include "common/config/origin.hpp"
#include "common/config/route_limit.hpp"
#include "common/config/schema.hpp"
#include "common/net/redis_url.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

constexpr std::uint32_t kMostRequests = 1'000'000'000;

Result<std::string> check_redis_url(const std::string& text) {
  if (!text.empty()) HOLDFAST_TRY(net::parse_redis_url(text));
  return text;
}

Result<std::string> check_route_limit(const std::string& text) {
  HOLDFAST_TRY(parse_route_limit(text));
  return text;
}

// A value that is sent in a response unchanged.
Result<std::string> check_field_value(const std::string& text) {
  const bool printable = text::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (printable && !text.starts_with(' ') && !text.ends_with(' ')) return text;
  return fail(
      ErrorKind::InvalidArgument,
      "a header's value must be printable ASCII on one line, without leading or trailing spaces");
}

Result<std::string> check_field_name(const std::string& text) {
  const bool token = !text.empty() && text::all_of(text, [](char c) {
    return text::is_alphanumeric(c) || c == '-' || c == '_';
  });
  if (token) return text;
  return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not a header's name", text));
}

}  // namespace

Fields fields_of(RateLimit& rate_limit) {
  return {
      flag_field("enabled", Roll, rate_limit.enabled),
      count_field("max", Roll, rate_limit.max, 1, kMostRequests),
      duration_field("window", Roll, rate_limit.window, 1s, 24h),
      texts_field("routes", Roll, rate_limit.routes, check_route_limit),
      count_field("ipv6_prefix", Roll, rate_limit.ipv6_prefix, 32, 128),
      flag_field("legacy_headers", Roll, rate_limit.legacy_headers),
      choice_field<std::string>(
          "standard_headers", Roll, rate_limit.standard_headers,
          {{"draft-8", "draft-8"}, {"draft-7", "draft-7"}, {"draft-6", "draft-6"}, {"off", "off"}}),
      text_field("redis_url", Roll, rate_limit.redis_url, check_redis_url),
      path_field("redis_ca_file", Roll, rate_limit.redis_ca_file, Absence::Allowed),
      path_field("redis_cert_file", Roll, rate_limit.redis_cert_file, Absence::Allowed),
      path_field("redis_key_file", Roll, rate_limit.redis_key_file, Absence::Allowed),
      duration_field("redis_timeout", Roll, rate_limit.redis_timeout, 1ms, 10s),
      text_field("redis_prefix", Roll, rate_limit.redis_prefix, check_field_value),
  };
}

Fields fields_of(Cors& cors) {
  return {
      texts_field("origins", Roll, cors.origins, check_origin_pattern),
      flag_field("credentials", Roll, cors.credentials),
      texts_field("allowed_headers", Roll, cors.allowed_headers, check_field_name),
      texts_field("exposed_headers", Roll, cors.exposed_headers, check_field_name),
      duration_field("max_age", Roll, cors.max_age, 0s, 24h),
  };
}

Fields fields_of(Security& security) {
  return {
      text_field("content_security_policy", Roll, security.content_security_policy,
                 check_field_value),
      text_field("strict_transport_security", Roll, security.strict_transport_security,
                 check_field_value),
  };
}

Fields fields_of(Auth& auth) {
  return {
      flag_field("required", Roll, auth.required),
      count_field("rate_limit", Roll, auth.rate_limit, 1, kMostRequests),
      duration_field("last_used_interval", Roll, auth.last_used_interval, 1s, 24h),
      duration_field("expiry_warning", Roll, auth.expiry_warning, 0s, 8760h),
  };
}

}  // namespace holdfast::config
