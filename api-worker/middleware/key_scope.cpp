// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/key_scope.hpp"

#include "api-worker/edge/problem.hpp"

namespace holdfast::api {

namespace {

// What concerns all jobs, or takes one away.
bool administers(std::string_view method, std::string_view path) {
  constexpr std::string_view kJob = "/api/jobs/";
  if (method == "GET" || method == "HEAD") return path == "/api/jobs";
  if (method == "DELETE") {
    return path.starts_with(kJob) && path != "/api/jobs/bulk" &&
           path.find('/', kJob.size()) == std::string_view::npos;
  }
  if (method != "POST") return false;
  return path == "/api/jobs/bulk" || path == "/api/queue/pause" || path == "/api/queue/resume" ||
         (path.starts_with(kJob) && path.ends_with("/cancel"));
}

}  // namespace

store::Scope scope_for(std::string_view method, std::string_view path) {
  if (administers(method, path)) return store::Scope::Admin;
  const bool reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
  return reads || path == "/api/search" ? store::Scope::Read : store::Scope::Write;
}

std::optional<http::Response> KeyScope::on_request(Context& context) {
  const store::Scope needed = scope_for(context.request->method, context.request->path);
  if (!context.api_key) {
    // Where no key is required, anyone may use documents; the queue is the operator's all the same.
    if (needed != store::Scope::Admin) return {};
    return problem_response(context,
                            {403, "This request requires an API key with the scope 'admin'."});
  }
  if (context.api_key->scope >= needed) return {};
  return problem_response(
      context,
      {403, fmt::format("This request requires the scope '{}'; the API key has '{}'.",
                        store::to_string(needed), store::to_string(context.api_key->scope))});
}

}  // namespace holdfast::api
