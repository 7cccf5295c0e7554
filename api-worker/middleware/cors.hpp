// SPDX-License-Identifier: Apache-2.0
#pragma once

// CORS: which other sites' pages may read the answers (Fetch, 3.2; the semantics of the npm package
// cors 2.8 with a list of origins, but for what is said here).
//
// - Off without [cors] origins: no header, no Vary.
// - An origin that matches gets Access-Control-Allow-Origin with itself as the value, and
//   Access-Control-Allow-Credentials if that is on. origins = ["*"] answers "*".
// - An origin that does not match gets no such header, and the request runs all the same: it is the
//   browser that keeps the answer from the page. Holdfast is no firewall against other sites.
// - Vary: Origin on every answer while origins are listed, also without an Origin: caches must not
//   give one site's answer to another.
// - A preflight (OPTIONS with Origin and Access-Control-Request-Method) ends here, before limits
// and
//   keys: 204, with methods, headers and max-age if the origin matches. Any other OPTIONS goes on
//   to its route's Allow.
// - Without allowed_headers a preflight is granted the headers that it asks for, if they are names.
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
