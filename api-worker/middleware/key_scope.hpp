// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an API key's scope allows. After ApiKeys and KeyRateLimit: a request that is refused here
// has been counted like any other, and its log line names the key.
//
// - read: GET, HEAD and searches; write: everything else; admin includes both, and may read
//   /metrics from anywhere. 403 for a key whose scope is not enough.
// - A request without a key passes: ApiKeys decides whether it needs one.

#include "api-worker/middleware/middleware.hpp"

namespace holdfast::api {

// The scope that a request requires of its key.
store::Scope scope_for(std::string_view method, std::string_view path);

class KeyScope final : public Middleware {
 public:
  std::optional<http::Response> on_request(Context& context) override;
};

}  // namespace holdfast::api
