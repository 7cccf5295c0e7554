// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules for a whole request. The server enforces size and time while it reads (408, 413, 414, 431);
// these need no byte of the body:
// - POST, PUT or PATCH without Content-Length or Transfer-Encoding: 411, except for the retry of a
//   job, which takes no body
// - a body with Content-Range, whatever its value: 400
// - a Content-Encoding other than identity and gzip: 415, with the supported one in
//   Accept-Encoding. The server unfolds gzip as it reads (400, 413).
// The body limit depends on method and path: what may carry a document may be larger than
// everything else.

#include "api-worker/middleware/middleware.hpp"
#include "common/config/config.hpp"

namespace holdfast::api {

// For http::ServerLimits::body_limit: called with the head alone, before the body is read.
std::uint64_t body_limit(const http::Request& head, const config::Http& config);

class RequestLimits final : public Middleware {
 public:
  std::optional<http::Response> on_request(Context& context) override;
};

}  // namespace holdfast::api
