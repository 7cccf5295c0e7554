// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/writes.hpp"

#include "api-worker/edge/problem.hpp"

namespace holdfast::api {

store::Wanted wanted(const ContextPtr& context) {
  return [context] { return context->is_wanted(); };
}

std::optional<store::IdempotencyKey> stored_key(const ContextPtr& context,
                                                const std::optional<std::string>& key,
                                                const std::string& fingerprint) {
  if (!key) return {};
  return store::IdempotencyKey{context->api_key ? context->api_key->lineage : "", *key,
                               fingerprint};
}

Reply with_unused_key(const ContextPtr& context, Reply reply) {
  return [context, reply = std::move(reply)](Result<http::Response> result) {
    if (result || result.error().kind != ErrorKind::InvalidArgument) {
      return reply(std::move(result));
    }
    reply(problem_response(*context,
                           {422,
                            "This Idempotency-Key was already used for a different request. "
                            "Send a new key."}));
  };
}

void mark_repeated(http::Response& response) {
  response.headers.set("Idempotent-Replayed", "true");
}

}  // namespace holdfast::api
