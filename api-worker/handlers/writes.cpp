// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/writes.hpp"

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

void mark_repeated(http::Response& response) {
  response.headers.set("Idempotent-Replayed", "true");
}

}  // namespace holdfast::api
