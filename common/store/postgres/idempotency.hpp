// SPDX-License-Identifier: Apache-2.0
#pragma once

// Idempotency keys and the answers that their requests got. A request first reserves its key: of
// two at once the second waits for the first one's commit, and then gets its answer. If the request
// fails, its transaction takes the reservation back. Threads: the connection's; throws SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/types.hpp"

#include <optional>

namespace holdfast::store::postgres {

// What the first request with this key got. Nothing: this is the first, and the key is reserved.
// InvalidArgument if the first one was a different request.
Result<std::optional<Created>> reserve(Transaction& transaction, const IdempotencyKey& key);
Result<std::optional<CreatedBatch>> reserve_for_batch(Transaction& transaction,
                                                      const IdempotencyKey& key);
// The answer to keep with the reserved key.
void remember(Transaction& transaction, const IdempotencyKey& key, const Created& created);
void remember_batch(Transaction& transaction, const IdempotencyKey& key, const CreatedBatch& batch);

// The statement that reads a kept answer, and what its row says.
Statement earlier_answer(const IdempotencyKey& key);
Result<Created> read_earlier_answer(const Rows& rows, const IdempotencyKey& key);

}  // namespace holdfast::store::postgres
