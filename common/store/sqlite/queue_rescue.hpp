// SPDX-License-Identifier: Apache-2.0
#pragma once

// What becomes of a dead worker's jobs. One that had not started goes back untouched. One that had
// is charged with the crash: it waits 100 ms x 4^crashes and is dead after max_crashes of them,
// and its document failed. Runs inside the caller's write transaction; throws SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"

#include <string>

namespace holdfast::store::sqlite {

// Returns how many jobs it held. The worker's row goes.
std::int64_t rescue_worker(Connection& connection, std::int64_t worker_id, const std::string& why,
                           Now now);

// All workers whose lease ran out or who date from before the last boot.
std::int64_t rescue_expired(Connection& connection, const std::string& boot, Now now);

}  // namespace holdfast::store::sqlite
