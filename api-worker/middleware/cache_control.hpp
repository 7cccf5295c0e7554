// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cache-Control on every response: `no-store`, unless the handler has set its own. Answers depend
// on who asks, and a shared cache without a word about that gives a 200 or 404 that has none to
// others for minutes. Preflights end before this and keep what CORS gives them.

#include "api-worker/middleware/middleware.hpp"

namespace holdfast::api {

class CacheControl final : public Middleware {
 public:
  void on_response(Context& context, http::Response& response) override;
};

}  // namespace holdfast::api
