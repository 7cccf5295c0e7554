// SPDX-License-Identifier: Apache-2.0
#pragma once

// Retrying a job at somebody's request. Runs inside the caller's write transaction;
// throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

namespace holdfast::store::sqlite {

// As JobQueue::retry_job says. The job as it is afterwards.
Result<RetriedJob> retry_job(SqliteConnection& connection, std::int64_t id,
                             const std::optional<IdempotencyKey>& key, Now now);

}  // namespace holdfast::store::sqlite
