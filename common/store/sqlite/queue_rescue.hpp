// SPDX-License-Identifier: Apache-2.0
#pragma once

// What becomes of a dead worker's jobs. Each is charged with the crash: it waits (job_rules.hpp),
// and is dead after max_crashes of them, and its document failed. One without a start, which only
// workers of an older version leave, goes back untouched. Runs inside the caller's write
// transaction; throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/worker_rules.hpp"

#include <string>

namespace holdfast::store::sqlite {

// Returns how many jobs it held. The worker's row goes.
std::int64_t rescue_worker(SqliteConnection& connection, std::int64_t worker_id,
                           const std::string& why, Now now);

// All workers that are lost as seen from here: see reason_lost(). `lease`: this process's, 0 if it
// has none.
std::int64_t rescue_expired(SqliteConnection& connection, const HostIdentity& here, Duration lease,
                            Now now);

}  // namespace holdfast::store::sqlite
