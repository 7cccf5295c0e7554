// SPDX-License-Identifier: Apache-2.0
#pragma once

// Security headers on every response, errors too: the set and the values of helmet 8, with
// X-Frame-Options: DENY instead of SAMEORIGIN. Content-Security-Policy and
// Strict-Transport-Security are configured in [security]. A field that the handler has set takes
// precedence, so that a single response can have its own policy.

#include "api-worker/middleware/middleware.hpp"
#include "common/config/config.hpp"

namespace holdfast::api {

class SecurityHeaders final : public Middleware {
 public:
  explicit SecurityHeaders(const config::Security& config);
  void on_response(Context& context, http::Response& response) override;

 private:
  http::Headers fields_;
  std::shared_ptr<const http::SharedFields> shared_;  // all of them
};

}  // namespace holdfast::api
