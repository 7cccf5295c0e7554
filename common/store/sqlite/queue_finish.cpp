// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_finish.hpp"

#include "common/store/sqlite/chunks.hpp"

namespace holdfast::store::sqlite {

namespace {

Failure stale(JobKey key) {
  return fail(ErrorKind::Conflict,
              fmt::format("job {} is no longer held with fence {}", key.id, key.fence));
}

}  // namespace

Result<void> start_job(Connection& connection, JobKey key, Now now) {
  const auto changed =
      connection.query("UPDATE job SET started_at = ?3 WHERE id = ?1 AND fence = ?2 AND state = 2")
          .bind(key.id, key.fence, now.wall)
          .run();
  if (changed != 1) return stale(key);
  return {};
}

Result<void> complete_job(Connection& connection, JobKey key, Now now) {
  const auto changed = connection
                           .query(
                               "UPDATE job SET state = 3, finished_at = ?3, worker_id = NULL,"
                               " deadline_mono = NULL WHERE id = ?1 AND fence = ?2 AND state = 2")
                           .bind(key.id, key.fence, now.wall)
                           .run();
  if (changed != 1) return stale(key);
  return {};
}

Result<JobState> fail_job(Connection& connection, const JobFailure& failure, Now now) {
  JobState state{};
  {
    Query query = connection.query(
        "UPDATE job SET last_error = ?3, worker_id = NULL, deadline_mono = NULL,"
        " state = CASE WHEN cancel_requested THEN 4"
        "  WHEN ?4 OR attempt >= max_attempts THEN 5 ELSE 1 END,"
        " finished_at = CASE WHEN cancel_requested OR ?4 OR attempt >= max_attempts THEN ?5 END,"
        " run_at = ?5 + ?6"
        " WHERE id = ?1 AND fence = ?2 AND state = 2 RETURNING state");
    query.bind(failure.key.id, failure.key.fence, failure.error,
               std::int64_t{failure.permanent ? 1 : 0}, now.wall, to_ms(failure.backoff));
    if (!query.step()) return stale(failure.key);
    state = static_cast<JobState>(query.integer(0));
    while (query.step()) {
    }
  }
  if (state == JobState::Dead) fail_document_of(connection, failure.key.id, failure.error, now);
  return state;
}

std::int64_t release_jobs(Connection& connection, std::int64_t worker_id, Now now) {
  connection.query("UPDATE worker SET draining = 1 WHERE id = ?1").bind(worker_id).run();
  return connection
      .query(
          "UPDATE job SET state = CASE WHEN cancel_requested THEN 4 ELSE 0 END,"
          " finished_at = CASE WHEN cancel_requested THEN ?2 END,"
          " attempt = attempt - 1, worker_id = NULL, started_at = NULL, deadline_mono = NULL"
          " WHERE state = 2 AND worker_id = ?1")
      .bind(worker_id, now.wall)
      .run();
}

std::optional<std::int64_t> document_waiting_for(Connection& connection, std::int64_t job_id) {
  Query query = connection.query(
      "SELECT seq FROM document WHERE job_id = ?1"
      " AND id = (SELECT payload ->> 'document_id' FROM job WHERE id = ?1)");
  if (!query.bind(job_id).step()) return std::nullopt;
  return query.integer(0);
}

void fail_document_of(Connection& connection, std::int64_t job_id, const std::string& error,
                      Now now) {
  const auto document = document_waiting_for(connection, job_id);
  if (!document) return;
  connection
      .query(
          "UPDATE document SET status = 2, error = ?2, chunk_count = 0, updated_at = ?3"
          " WHERE seq = ?1")
      .bind(*document, error, now.wall)
      .run();
  delete_chunks(connection, *document);
}

}  // namespace holdfast::store::sqlite
