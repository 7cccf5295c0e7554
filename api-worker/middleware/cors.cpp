// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/cors.hpp"

#include "common/config/origin.hpp"
#include "common/http/list_field.hpp"
#include "common/http/syntax.hpp"
#include "common/http/vary.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

constexpr const char* kMethods = "GET,HEAD,PUT,PATCH,POST,DELETE";

// Headers that pages may read besides those that browsers always expose.
constexpr std::array kExposed{"X-Request-ID",        "Location",          "ETag",
                              "Idempotent-Replayed", "Retry-After",       "RateLimit",
                              "RateLimit-Policy",    "RateLimit-Limit",   "RateLimit-Remaining",
                              "RateLimit-Reset",     "X-RateLimit-Limit", "X-RateLimit-Remaining",
                              "X-RateLimit-Reset",   "WWW-Authenticate"};

bool is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && request.headers.find("Origin") != nullptr &&
         request.headers.find("Access-Control-Request-Method") != nullptr;
}

// A comma-separated list of field names; anything else is not echoed.
bool is_name_list(std::string_view text) {
  return text.size() <= 1024 && text::all_of(text, [](char c) {
           return http::is_token_char(c) || c == ',' || c == ' ' || c == '\t';
         });
}

template <class Names>
void append_names(std::string& list, const Names& names) {
  for (const std::string_view name : names) {
    if (!list.empty()) list += ',';
    list += name;
  }
}

}  // namespace

Cors::Cors(const config::Cors& config)
    : origins_(config.origins),
      any_(std::find(origins_.begin(), origins_.end(), "*") != origins_.end()),
      credentials_(config.credentials),
      max_age_(std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>(config.max_age).count())) {
  append_names(allowed_headers_, config.allowed_headers);
  append_names(exposed_headers_, kExposed);
  append_names(exposed_headers_, config.exposed_headers);
}

bool Cors::matches(std::string_view origin) const {
  return std::any_of(origins_.begin(), origins_.end(), [origin](const std::string& pattern) {
    return config::origin_matches(pattern, origin);
  });
}

std::optional<http::Response> Cors::on_request(Context& context) {
  if (origins_.empty() || !is_preflight(*context.request)) return {};
  http::Response response;
  response.status = 204;
  return response;
}

void Cors::on_response(Context& context, http::Response& response) {
  if (origins_.empty()) return;
  const http::Request& request = *context.request;
  const bool preflight = is_preflight(request);
  if (!any_) add_vary(response, "Origin");
  if (preflight && allowed_headers_.empty()) add_vary(response, "Access-Control-Request-Headers");
  const std::string* const origin = request.headers.find("Origin");
  if (origin == nullptr || request.headers.count("Origin") != 1 || !matches(*origin)) return;
  response.headers.set("Access-Control-Allow-Origin", any_ ? "*" : *origin);
  if (credentials_) response.headers.set("Access-Control-Allow-Credentials", "true");
  if (preflight) {
    answer_preflight(request, response);
  } else {
    response.headers.set("Access-Control-Expose-Headers", exposed_headers_);
  }
}

void Cors::answer_preflight(const http::Request& request, http::Response& response) const {
  response.headers.set("Access-Control-Allow-Methods", kMethods);
  const auto asked = http::list_field(request.headers, "Access-Control-Request-Headers");
  if (!allowed_headers_.empty()) {
    response.headers.set("Access-Control-Allow-Headers", allowed_headers_);
  } else if (asked && is_name_list(*asked)) {
    response.headers.set("Access-Control-Allow-Headers", *asked);
  }
  response.headers.set("Access-Control-Max-Age", max_age_);
}

}  // namespace holdfast::api
