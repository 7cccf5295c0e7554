// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/request_id.hpp"

#include "common/base/id.hpp"
#include "common/text/ascii.hpp"

namespace holdfast::api {

bool is_valid_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && text::all_of(id, [](char c) {
    return text::is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  });
}

std::optional<http::Response> RequestId::on_request(Context& context) {
  const http::Headers& headers = context.request->headers;
  const std::string* given = headers.find("X-Request-ID");
  const bool usable =
      given != nullptr && is_valid_request_id(*given) && headers.count("X-Request-ID") == 1;
  context.request_id = usable ? *given : make_uuid();
  context.trace = read_trace(headers);
  return {};
}

void RequestId::on_response(Context& context, http::Response& response) {
  response.headers.set("X-Request-ID", context.request_id);
}

}  // namespace holdfast::api
