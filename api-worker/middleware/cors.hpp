// SPDX-License-Identifier: Apache-2.0
#pragma once

// CORS: which other sites' pages may read responses (Fetch, section 3.2). The semantics are those
// of the npm package cors 2.8 with a list of origins, except as stated here.
//
// - Off without [cors] origins: no header, no Vary.
// - A matching origin is echoed in Access-Control-Allow-Origin, with
//   Access-Control-Allow-Credentials if that is on. origins = ["*"] yields "*".
// - An origin that does not match gets no such header, and the request is served all the same: the
//   browser keeps the response from the page. CORS does not protect against other sites' requests.
// - Vary: Origin on every response while origins are listed, even without an Origin: caches must
//   not give one site's response to another.
// - A preflight (OPTIONS with Origin and Access-Control-Request-Method) ends here, before limits
//   and keys: 204, with methods, headers and max-age if the origin matches. Any other OPTIONS
//   continues to its route's Allow.
// - Without allowed_headers a preflight is granted the headers that it asks for, if they are valid
//   names.
// - Pages may read the headers that clients of this API need: request id, rate limit, location.

#include "api-worker/middleware/middleware.hpp"
#include "common/config/config.hpp"

#include <string>
#include <vector>

namespace holdfast::api {

class Cors final : public Middleware {
 public:
  explicit Cors(const config::Cors& config);
  std::optional<http::Response> on_request(Context& context) override;
  void on_response(Context& context, http::Response& response) override;

 private:
  bool matches(std::string_view origin) const;
  void answer_preflight(const http::Request& request, http::Response& response) const;

  std::vector<std::string> origins_;
  bool any_;
  bool credentials_;
  std::string allowed_headers_;
  std::string exposed_headers_;
  std::string max_age_;
};

}  // namespace holdfast::api
