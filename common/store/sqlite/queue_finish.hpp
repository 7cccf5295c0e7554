// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the owner of a job can do with it. Every statement names (id, fence) and the running state:
// a stale owner gets Conflict and changes nothing. Each runs inside the caller's write transaction
// and throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

namespace holdfast::store::sqlite {

// Whether the job is still run by this claim: Conflict if not.
Result<void> check_held(SqliteConnection& connection, JobKey key);
Result<void> complete_job(SqliteConnection& connection, JobKey key, Now now);
Result<JobState> fail_job(SqliteConnection& connection, const JobFailure& failure, Now now);

// Gives back all of a worker's jobs with their attempt, and hands it no more.
std::int64_t release_jobs(SqliteConnection& connection, std::int64_t worker_id, Now now);

// The seq of the document whose newest job this is. A document that was replaced waits for another.
std::optional<std::int64_t> document_waiting_for(SqliteConnection& connection, std::int64_t job_id);

// Marks the document that waits for this job, if there is one, as failed. The chunks of its
// previous version go: nothing would ever replace them.
void fail_document_of(SqliteConnection& connection, std::int64_t job_id, const std::string& error,
                      Now now);

}  // namespace holdfast::store::sqlite
