// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/openapi.hpp"

#include "api-worker/edge/entity_tag.hpp"
#include "common/base/version.hpp"

namespace holdfast::api {

namespace {

// Everybody gets the same: any cache may store it but must revalidate it.
constexpr const char* kSharedCache = "no-cache";

// The document is a constant of the program: it changes only with the version or build.
const std::string& tag() {
  static const std::string value =
      fmt::format("\"{}-{:x}\"", kVersion, std::hash<std::string_view>{}(openapi_document()));
  return value;
}

}  // namespace

void add_openapi_routes(Router& router, const Services& services) {
  router.add("GET", "/openapi.json", [&services](const ContextPtr& context, const Reply& reply) {
    if (const auto problem = check_if_match(context->request->headers, tag())) {
      return reply(problem_response(*context, *problem));
    }
    if (const auto known = none_match(context->request->headers, tag())) {
      return reply(not_modified(*known, kSharedCache));
    }
    answer(services, context, Work::Scan, reply, []() -> Result<http::Response> {
      http::Response response = http::Response::json(200, std::string(openapi_document()));
      response.headers.set("ETag", tag());
      response.headers.set("Cache-Control", kSharedCache);
      return response;
    });
  });
}

}  // namespace holdfast::api
