// SPDX-License-Identifier: Apache-2.0
#pragma once

// What operators do with jobs: look through them, cancel and discard them, one or many; pause a
// queue.
//
// Threads: the connection's; all but pause_statement() throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <string>
#include <vector>

namespace holdfast::store::postgres {

Result<Job> cancel_job(Transaction& transaction, std::int64_t id);
Result<void> discard_job(Transaction& transaction, std::int64_t id);
Result<JobsChanged> change_jobs(Transaction& transaction, const JobChange& change);
// No kind: the whole queue.
Statement pause_statement(const std::string& queue, const std::string& kind, bool paused);
JobPage list_jobs(PgConnection& connection, const JobQuery& query);
std::int64_t count_jobs(PgConnection& connection, const JobFilter& filter);
std::vector<JobKey> jobs_to_stop(PgConnection& connection, std::int64_t worker_id);

}  // namespace holdfast::store::postgres
