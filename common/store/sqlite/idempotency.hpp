// SPDX-License-Identifier: Apache-2.0
#pragma once

// Idempotency keys and the answers that their requests got. All run inside the caller's write
// transaction, which serializes concurrent requests with one key. Throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <optional>

namespace holdfast::store::sqlite {

// What the first request with this key got, as a repeated answer; nothing if there was none, or if
// the key has expired. InvalidArgument if that request was a different one.
Result<std::optional<Created>> find_earlier_answer(SqliteConnection& connection,
                                                   const IdempotencyKey& key, Now now);
void remember(SqliteConnection& connection, const IdempotencyKey& key, const Created& created,
              Now now);

// The same of a request that created several.
Result<std::optional<CreatedBatch>> find_earlier_batch(SqliteConnection& connection,
                                                       const IdempotencyKey& key, Now now);
void remember_batch(SqliteConnection& connection, const IdempotencyKey& key,
                    const CreatedBatch& batch, Now now);

void delete_expired_keys(SqliteConnection& connection, std::int64_t limit, Now now);

}  // namespace holdfast::store::sqlite
