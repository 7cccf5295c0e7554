// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/security_headers.hpp"

namespace holdfast::api {

SecurityHeaders::SecurityHeaders(const config::Security& config) {
  fields_ = {
      {"Content-Security-Policy", config.content_security_policy},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"},
      {"Origin-Agent-Cluster", "?1"},
      {"Referrer-Policy", "no-referrer"},
      {"Strict-Transport-Security", config.strict_transport_security},
      {"X-Content-Type-Options", "nosniff"},
      {"X-DNS-Prefetch-Control", "off"},
      {"X-Download-Options", "noopen"},
      {"X-Frame-Options", "DENY"},
      {"X-Permitted-Cross-Domain-Policies", "none"},
      {"X-XSS-Protection", "0"},
  };
  std::erase_if(fields_, [](const http::Headers::Field& field) { return field.value.empty(); });
}

void SecurityHeaders::on_response(Context&, http::Response& response) {
  for (const http::Headers::Field& field : fields_) {
    if (response.headers.find(field.name) == nullptr) response.headers.add(field.name, field.value);
  }
}

}  // namespace holdfast::api
