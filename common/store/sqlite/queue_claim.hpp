// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handing out jobs. Runs inside the caller's write transaction; throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <vector>

namespace holdfast::store::sqlite {

Result<std::vector<Job>> claim_jobs(SqliteConnection& connection, const ClaimRequest& request,
                                    Now now);

// A row of "SELECT HOLDFAST_JOB_COLUMNS FROM job".
#define HOLDFAST_JOB_COLUMNS                                                              \
  "id, kind, queue, state, priority, attempt, max_attempts, crashes, max_crashes, fence," \
  " payload, last_error, run_at, created_at, finished_at, started_at, cancel_requested"
Job read_job(const Query& row);

}  // namespace holdfast::store::sqlite
