// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answers of requests that may be repeated. All run inside the caller's write transaction: two
// requests with one key at the same time meet here one after the other. Throws SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"
#include "common/store/store.hpp"

#include <optional>

namespace holdfast::store::sqlite {

// What the first request with this key got; nothing if there was none, or its time is over.
// InvalidArgument if that one asked for something else.
Result<std::optional<Created>> find_repeated(Connection& connection, const IdempotencyKey& key,
                                             Now now);

void remember(Connection& connection, const IdempotencyKey& key, const Created& created, Now now);

void forget_expired(Connection& connection, std::int64_t limit, Now now);

}  // namespace holdfast::store::sqlite
