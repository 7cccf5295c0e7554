// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_finish.hpp"

#include "common/store/job_rules.hpp"
#include "common/store/sqlite/chunks.hpp"
#include "common/store/statement.hpp"

namespace holdfast::store::sqlite {

namespace {

Failure stale(JobKey key) {
  return fail(ErrorKind::Conflict,
              fmt::format("job {} is no longer held with fence {}", key.id, key.fence));
}

// The jobs that this worker was asked to stop, and gives back instead, are cancelled.
void fail_cancelled_documents(SqliteConnection& connection, std::int64_t worker_id, Now now) {
  std::vector<std::int64_t> cancelled;
  {
    Query query = connection.query(
        statement<"SELECT id FROM job WHERE state = {job.running} AND worker_id = ?1"
                  " AND cancel_requested">);
    query.bind(worker_id);
    while (query.step())
      cancelled.push_back(query.integer(0));
  }
  for (const std::int64_t id : cancelled)
    fail_document_of(connection, id, kCancelledError, now);
}

}  // namespace

Result<void> check_held(SqliteConnection& connection, JobKey key) {
  Query query = connection.query(
      statement<"SELECT 1 FROM job WHERE id = ?1 AND fence = ?2 AND state = {job.running}">);
  if (!query.bind(key.id, key.fence).step()) return stale(key);
  return {};
}

Result<void> complete_job(SqliteConnection& connection, JobKey key, Now now) {
  const auto changed = connection
                           .query(statement<"UPDATE job SET state = {job.done}, finished_at = ?3,"
                                            " worker_id = NULL, deadline_mono = NULL"
                                            " WHERE id = ?1 AND fence = ?2"
                                            " AND state = {job.running}">)
                           .bind(key.id, key.fence, now.wall)
                           .run();
  if (changed != 1) return stale(key);
  return {};
}

Result<JobState> fail_job(SqliteConnection& connection, const JobFailure& failure, Now now) {
  JobBudget budget;
  {
    Query query = connection.query(
        statement<"SELECT attempt, max_attempts, crashes, max_crashes, cancel_requested FROM job"
                  " WHERE id = ?1 AND fence = ?2 AND state = {job.running}">);
    if (!query.bind(failure.key.id, failure.key.fence).step()) return stale(failure.key);
    budget = {query.integer(0), query.integer(1), query.integer(2), query.integer(3),
              query.integer(4) != 0};
    if (failure.postponed) --budget.attempts;
  }
  const JobState state = after_failure(budget, failure.permanent);
  connection
      .query(
          "UPDATE job SET last_error = ?2, worker_id = NULL, deadline_mono = NULL, state = ?3,"
          " finished_at = CASE WHEN ?4 THEN ?5 END, run_at = ?6, waits_since = ?5,"
          " attempt = attempt - ?7 WHERE id = ?1")
      .bind(failure.key.id, failure.error, static_cast<std::int64_t>(state),
            std::int64_t{is_final(state)}, now.wall, now.wall + to_ms(failure.backoff),
            std::int64_t{failure.postponed})
      .run();
  if (state == JobState::Dead) fail_document_of(connection, failure.key.id, failure.error, now);
  if (state == JobState::Cancelled) {
    fail_document_of(connection, failure.key.id, kCancelledError, now);
  }
  return state;
}

std::int64_t release_jobs(SqliteConnection& connection, std::int64_t worker_id, Now now) {
  fail_cancelled_documents(connection, worker_id, now);
  connection.query("UPDATE worker SET draining = 1 WHERE id = ?1").bind(worker_id).run();
  // One statement for all of them: after_release() in SQL.
  return connection
      .query(
          statement<"UPDATE job SET"
                    " state = CASE WHEN cancel_requested THEN {job.cancelled} ELSE {job.ready} END,"
                    " finished_at = CASE WHEN cancel_requested THEN ?2 END,"
                    " attempt = attempt - 1, worker_id = NULL, started_at = NULL,"
                    " deadline_mono = NULL WHERE state = {job.running} AND worker_id = ?1">)
      .bind(worker_id, now.wall)
      .run();
}

std::optional<std::int64_t> document_waiting_for(SqliteConnection& connection,
                                                 std::int64_t job_id) {
  Query query = connection.query(
      "SELECT seq FROM document WHERE job_id = ?1"
      " AND id = (SELECT payload ->> 'document_id' FROM job WHERE id = ?1)");
  if (!query.bind(job_id).step()) return std::nullopt;
  return query.integer(0);
}

void fail_document_of(SqliteConnection& connection, std::int64_t job_id, const std::string& error,
                      Now now) {
  const auto document = document_waiting_for(connection, job_id);
  if (!document) return;
  const auto failed =
      connection
          .query(statement<"UPDATE document SET status = {document.failed}, error = ?2,"
                           " chunk_count = 0, updated_at = ?3"
                           " WHERE seq = ?1 AND status <> {document.ready}">)
          .bind(*document, error, now.wall)
          .run();
  // One that was only to be embedded again stays as it was.
  if (failed > 0) delete_chunks(connection, *document);
}

}  // namespace holdfast::store::sqlite
