// SPDX-License-Identifier: Apache-2.0
#pragma once

// The job queue: claiming, failing, rescuing, retrying, counting. What becomes of a job is decided
// by job_rules.hpp; a row that a decision is about stays locked until the commit.
//
// Threads: the connection's; all but the pure functions throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

Result<std::vector<Job>> claim_jobs(Transaction& transaction, const ClaimRequest& request);
Result<JobState> fail_job(Transaction& transaction, const JobFailure& failure);
// Another chance. `key` makes the request repeatable.
Result<RetriedJob> retry_job(Transaction& transaction, std::int64_t id,
                             const std::optional<IdempotencyKey>& key);
Result<std::int64_t> prune(Transaction& transaction, Duration keep);

// Gives back what the worker still runs and hands it no more. The count is of the last one.
std::vector<Statement> release_statements(std::int64_t worker_id);

// Charges the worker's jobs with its crash, deletes the worker. Its row is locked.
std::int64_t rescue_worker(Transaction& transaction, std::int64_t worker_id,
                           const std::string& why);

// Marks the document that waits for this job, if there is one, as failed.
void fail_document_of(Transaction& transaction, std::int64_t job_id, const std::string& error);

// `local_wall`: this host's clock. The time in the answer is by that clock.
Result<JobQueue::Peek> peek(PgConnection& connection, const std::string& queue,
                            std::int64_t local_wall);
Result<Job> get_job(PgConnection& connection, std::int64_t id);
Result<QueueStats> queue_stats(PgConnection& connection, const std::string& queue);

}  // namespace holdfast::store::postgres
