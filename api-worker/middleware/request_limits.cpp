// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/request_limits.hpp"

#include "api-worker/edge/problem.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

// Retrying a job needs no body: `curl -X POST` sends no length, and needs none.
constexpr std::string_view kRouteWithoutBody = "/api/jobs/{id}/retry";

bool needs_length(const Context& context) {
  const std::string& method = context.request->method;
  return (method == "POST" || method == "PUT" || method == "PATCH") &&
         context.route != kRouteWithoutBody;
}

// Content-Encoding is a list, possibly in several lines and with empty elements (RFC 9110, 5.6.1).
bool is_encoded(const http::Headers& headers) {
  for (const auto& field : headers.fields()) {
    if (!text::equals_ignoring_case(field.name, "Content-Encoding")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view coding = text::trim(rest.substr(0, comma));
      if (!coding.empty() && !text::equals_ignoring_case(coding, "identity")) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

}  // namespace

std::uint64_t body_limit(const http::Request& head, const config::Http& config) {
  const bool document = head.path == "/api/documents" || head.path.starts_with("/api/documents/");
  return document ? config.max_document_bytes : config.max_body_bytes;
}

std::optional<http::Response> RequestLimits::on_request(Context& context) {
  const http::Request& request = *context.request;
  if (needs_length(context) && request.headers.find("Content-Length") == nullptr &&
      request.headers.find("Transfer-Encoding") == nullptr) {
    return problem_response(
        context, {411, "Send the length of the body in Content-Length, 0 if there is none."});
  }
  if (is_encoded(request.headers)) {
    return problem_response(
        context,
        {415, "Send the body without Content-Encoding: compressed bodies are not supported."});
  }
  return {};
}

}  // namespace holdfast::api
