// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the routes that write have in common. Threads: any.

#include "api-worker/edge/router.hpp"
#include "common/store/store.hpp"

#include <optional>
#include <string>

namespace holdfast::api {

// A client that was told 503 must not find its write done later.
store::Wanted wanted(const ContextPtr& context);

// What the request's key is stored as: keys of different API keys do not collide,
// unless one is a rotation of the other.
std::optional<store::IdempotencyKey> stored_key(const ContextPtr& context,
                                                const std::optional<std::string>& key,
                                                const std::string& fingerprint);

// Says that this is the answer to an earlier request.
void mark_repeated(http::Response& response);

}  // namespace holdfast::api
