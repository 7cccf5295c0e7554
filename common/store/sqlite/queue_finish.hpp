// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the owner of a job can do with it. Every statement names (id, fence) and the running state:
// a stale owner gets Conflict and changes nothing. Each runs inside the caller's write transaction
// and throws SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"
#include "common/store/store.hpp"

namespace holdfast::store::sqlite {

Result<void> start_job(Connection& connection, JobKey key, Now now);
Result<void> complete_job(Connection& connection, JobKey key, Now now);
Result<JobState> fail_job(Connection& connection, const JobFailure& failure, Now now);

// All of a worker's jobs back to ready with their attempt; no more for it.
std::int64_t release_jobs(Connection& connection, std::int64_t worker_id, Now now);

// The document (its seq) whose newest job this is: one that was changed since waits for another.
std::optional<std::int64_t> document_waiting_for(Connection& connection, std::int64_t job_id);

// The document that waits for this job, if any still does, has failed. The chunks of its version
// before go: nothing would ever replace them.
void fail_document_of(Connection& connection, std::int64_t job_id, const std::string& error,
                      Now now);

}  // namespace holdfast::store::sqlite
