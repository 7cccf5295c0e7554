// SPDX-License-Identifier: Apache-2.0
#pragma once

// What operators do with jobs: look through them, cancel and discard them, one or many; pause a
// queue. The writes run inside the caller's transaction; all throw SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

namespace holdfast::store::sqlite {

JobPage list_jobs(SqliteConnection& connection, const JobQuery& query, Now now);
std::int64_t count_jobs(SqliteConnection& connection, const JobFilter& filter, Now now);
std::vector<JobKey> jobs_to_stop(SqliteConnection& connection, std::int64_t worker_id, Now now);

Result<Job> cancel_job(SqliteConnection& connection, std::int64_t id, Now now);
Result<void> discard_job(SqliteConnection& connection, std::int64_t id);
JobsChanged change_jobs(SqliteConnection& connection, const JobChange& change, Now now);
// No kind: the whole queue.
void set_paused(SqliteConnection& connection, const std::string& queue, const std::string& kind,
                bool paused);

}  // namespace holdfast::store::sqlite
