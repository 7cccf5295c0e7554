// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/key_scope.hpp"

#include "api-worker/edge/problem.hpp"

namespace holdfast::api {

store::Scope scope_for(std::string_view method, std::string_view path) {
  const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
  return reads || path == "/api/search" ? store::Scope::Read : store::Scope::Write;
}

std::optional<http::Response> KeyScope::on_request(Context& context) {
  if (!context.api_key) return {};
  const store::Scope needed = scope_for(context.request->method, context.request->path);
  if (context.api_key->scope >= needed) return {};
  return problem_response(
      context,
      {403, fmt::format("This request requires the scope '{}'; the API key has '{}'.",
                        store::to_string(needed), store::to_string(context.api_key->scope))});
}

}  // namespace holdfast::api
