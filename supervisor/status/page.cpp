// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/page.hpp"

#include <algorithm>

namespace holdfast::supervisor::status {

namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace

std::optional<http::Response> page_answer(std::string_view path) {
  const auto files = page_files();
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const PageFile& each) { return each.path == path; });
  if (file == files.end()) return std::nullopt;
  http::Response response =
      http::Response::text(200, std::string(file->content), file->content_type);
  response.headers.set("Content-Security-Policy", kPolicy);
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("Cross-Origin-Resource-Policy", "same-origin");
  // Another version of the supervisor may have another page.
  response.headers.set("Cache-Control", "no-cache");
  return response;
}

}  // namespace holdfast::supervisor::status
