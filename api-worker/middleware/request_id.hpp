// SPDX-License-Identifier: Apache-2.0
#pragma once

// Request id and trace.
// - A single X-Request-ID of [A-Za-z0-9._-]{1,128} is used as it is. Anything else is replaced by a
//   new UUID, never trimmed: the id appears in headers, logs and alerts.
// - Every response carries it, errors too.
// - traceparent is read here as well (W3C Trace Context; trace_context.hpp): invalid is ignored.

#include "api-worker/middleware/middleware.hpp"

namespace holdfast::api {

bool is_valid_request_id(std::string_view id);

class RequestId final : public Middleware {
 public:
  std::optional<http::Response> on_request(Context& context) override;
  void on_response(Context& context, http::Response& response) override;
};

}  // namespace holdfast::api
