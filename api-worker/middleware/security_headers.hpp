// SPDX-License-Identifier: Apache-2.0
#pragma once

// Security headers on every response, errors too: the set and the values of helmet 8, with
// X-Frame-Options: DENY instead of SAMEORIGIN. A handler that set one of them itself wins, so that
// one answer can have its own policy.

#include "api-worker/middleware/middleware.hpp"

namespace holdfast::api {

class SecurityHeaders final : public Middleware {
 public:
  void on_response(Context& context, http::Response& response) override;
};

}  // namespace holdfast::api
