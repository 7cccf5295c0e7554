// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/relay.hpp"

#include "common/http/client.hpp"

namespace holdfast::api {

void relay(const Services& services, std::string_view path, const http::Headers& headers,
           Reply reply) {
  http::FetchOptions options;
  options.deadline = std::chrono::seconds(1);
  options.max_response_bytes = 64u << 20;  // an aggregate of many workers is large
  const std::string url = fmt::format("unix:{}:{}", services.status_socket, path);
  const auto pass_on = [reply = std::move(reply)](Result<http::Response> answer) {
    if (!answer) {
      return reply(fail(ErrorKind::Unavailable,
                        "the supervisor does not answer: " + answer.error().message));
    }
    // A problem is the endpoint's own: that it is full says nothing about the stack.
    const std::string* const kind = answer->headers.find("Content-Type");
    const bool refused = kind != nullptr && *kind == "application/problem+json";
    if ((answer->status != 200 && answer->status != 503) || refused) {
      return reply(fail(ErrorKind::Unavailable,
                        fmt::format("the supervisor answered with status {}", answer->status)));
    }
    http::Response response;
    response.status = answer->status;
    if (const std::string* type = answer->headers.find("Content-Type")) {
      response.headers.set("Content-Type", *type);
    }
    response.headers.set("Cache-Control", "no-store");
    response.body = std::move(answer->body);
    reply(std::move(response));
  };
  http::async_get(services.io, url, headers, options, pass_on);
}

}  // namespace holdfast::api
