// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looking at the queue, and clearing what is finished. The reads write nothing, so an idle worker
// costs no sync; prune() runs inside the caller's write transaction. All throw SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"
#include "common/store/store.hpp"

#include <string>

namespace holdfast::store::sqlite {

JobQueue::Peek peek(Connection& connection, const std::string& queue, Now now);
Result<Job> get_job(Connection& connection, std::int64_t id);
QueueStats queue_stats(Connection& connection, const std::string& queue);

// And expired idempotency keys.
std::int64_t prune(Connection& connection, Duration keep, Now now);

}  // namespace holdfast::store::sqlite
