// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/security_headers.hpp"

#include <algorithm>

namespace holdfast::api {

SecurityHeaders::SecurityHeaders(const config::Security& config) {
  const std::vector<http::Headers::Field> fields{
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
  for (const auto& [name, value] : fields) {
    if (!value.empty()) fields_.add(name, value);
  }
  shared_ = std::make_shared<http::SharedFields>(fields_);
}

void SecurityHeaders::on_response(Context&, http::Response& response) {
  const auto& own = response.headers.fields();
  const bool has_own = std::any_of(own.begin(), own.end(), [this](const http::Headers::Field& f) {
    return fields_.find(f.name) != nullptr;
  });
  if (!has_own) {
    response.shared = shared_;
    return;
  }
  for (const auto& [name, value] : fields_.fields()) {
    if (response.headers.find(name) == nullptr) response.headers.add(name, value);
  }
}

}  // namespace holdfast::api
