// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading the queue, and deleting finished jobs. The reads write nothing, so an idle worker
// costs no sync; prune() runs inside the caller's write transaction. All throw SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <string>

namespace holdfast::store::sqlite {

JobQueue::Peek peek(SqliteConnection& connection, const std::string& queue, Now now);
Result<Job> get_job(SqliteConnection& connection, std::int64_t id);
QueueStats queue_stats(SqliteConnection& connection, const std::string& queue, Now now);

// Also deletes expired idempotency keys.
std::int64_t prune(SqliteConnection& connection, Duration keep, Now now);

}  // namespace holdfast::store::sqlite
