// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/request_limits.hpp"

#include "api-worker/edge/problem.hpp"
#include "common/http/content_coding.hpp"
#include "common/protocol/api_routes.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

// Only of what takes a body: `curl -X POST` sends no length, and retrying or cancelling a job needs
// none. A path or method that there is not is told as such.
bool needs_length(const Context& context) {
  return std::any_of(protocol::kApiRoutes.begin(), protocol::kApiRoutes.end(),
                     [&context](const protocol::ApiRoute& route) {
                       return route.takes_body && route.pattern == context.route &&
                              route.method == context.request->method;
                     });
}

// Nothing here takes a part of a body. To take one for the whole would lose what it is a part of
// (RFC 9110, 14.4 and 14.5).
bool is_partial(const http::Headers& headers) {
  return headers.find("Content-Range") != nullptr && (headers.find("Content-Length") != nullptr ||
                                                      headers.find("Transfer-Encoding") != nullptr);
}

}  // namespace

std::uint64_t body_limit(const http::Request& head, const config::Http& config) {
  constexpr std::string_view kOne = "/api/documents/";
  const bool posted = head.method == "POST" &&
                      (head.path == "/api/documents" || head.path == "/api/documents/batch");
  const bool put = head.method == "PUT" && head.path.starts_with(kOne) &&
                   head.path.find('/', kOne.size()) == std::string::npos;
  return posted || put ? config.max_document_bytes : config.max_body_bytes;
}

std::optional<http::Response> RequestLimits::on_request(Context& context) {
  const http::Request& request = *context.request;
  if (needs_length(context) && request.headers.find("Content-Length") == nullptr &&
      request.headers.find("Transfer-Encoding") == nullptr) {
    return problem_response(
        context, {411, "Send the length of the body in Content-Length, 0 if there is none."});
  }
  if (is_partial(request.headers)) {
    return problem_response(
        context, {400, "Send the whole body, without Content-Range: parts of one are not taken."});
  }
  if (http::body_coding(request.headers) == http::BodyCoding::Other) {
    http::Response response =
        problem_response(context, {415, "Send the body as it is, or with Content-Encoding: gzip."});
    response.headers.set("Accept-Encoding", "gzip");  // RFC 7694, 3
    return response;
  }
  return {};
}

}  // namespace holdfast::api
