// SPDX-License-Identifier: Apache-2.0
#pragma once

// Access log: one line of level info per response, "request completed", or "request refused" if the
// server refused the request before reading all of it, with the reason.
// - request_id, method, path, route, status, duration_ms, bytes, client, peer; trace_id,
//   api_key_id and user_agent where there are any.
// - The path without its query, which holds search texts. No other header field, no body.
// - `client` is the address behind trusted proxies, `peer` the other end of the socket.
// - bytes is the size of the body; the duration is that of request_metrics.hpp.

#include "api-worker/middleware/middleware.hpp"
#include "common/base/clock.hpp"
#include "common/log/logger.hpp"

namespace holdfast::api {

class AccessLog final : public Middleware {
 public:
  AccessLog(const log::Logger& log, const Clock& clock) : log_(log), clock_(clock) {}
  void on_response(Context& context, http::Response& response) override;

 private:
  const log::Logger& log_;
  const Clock& clock_;
};

}  // namespace holdfast::api
