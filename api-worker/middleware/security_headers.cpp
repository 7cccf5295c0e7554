// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/security_headers.hpp"

#include <array>

namespace holdfast::api {

namespace {

struct Field {
  std::string_view name;
  std::string_view value;
};

constexpr std::array kFields{
    Field{"Content-Security-Policy",
          "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
          "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
          "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';"
          "upgrade-insecure-requests"},
    Field{"Cross-Origin-Opener-Policy", "same-origin"},
    Field{"Cross-Origin-Resource-Policy", "same-origin"},
    Field{"Origin-Agent-Cluster", "?1"},
    Field{"Referrer-Policy", "no-referrer"},
    Field{"Strict-Transport-Security", "max-age=31536000; includeSubDomains"},
    Field{"X-Content-Type-Options", "nosniff"},
    Field{"X-DNS-Prefetch-Control", "off"},
    Field{"X-Download-Options", "noopen"},
    Field{"X-Frame-Options", "DENY"},
    Field{"X-Permitted-Cross-Domain-Policies", "none"},
    Field{"X-XSS-Protection", "0"},
};

}  // namespace

void SecurityHeaders::on_response(Context&, http::Response& response) {
  for (const Field& field : kFields) {
    if (response.headers.find(field.name) == nullptr) response.headers.add(field.name, field.value);
  }
}

}  // namespace holdfast::api
