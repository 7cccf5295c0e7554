// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_retry.hpp"

#include "common/store/job_rules.hpp"
#include "common/store/sqlite/idempotency.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_read.hpp"
#include "common/store/statement.hpp"

namespace holdfast::store::sqlite {

namespace {

// A finished job has no claim on its unique key: another one may have it by now.
Result<void> check_key_free(SqliteConnection& connection, std::int64_t id) {
  Query query = connection.query(
      "SELECT unique_key FROM job AS j WHERE id = ?1 AND unique_key IS NOT NULL"
      " AND EXISTS(SELECT 1 FROM job WHERE kind = j.kind AND unique_key = j.unique_key"
      " AND unique_key IS NOT NULL AND finished_at IS NULL AND id <> j.id)");
  if (query.bind(id).step()) return fail(unique_key_taken(query.text(0)));
  return {};
}

}  // namespace

Result<RetriedJob> retry_job(SqliteConnection& connection, std::int64_t id,
                             const std::optional<IdempotencyKey>& key, Now now) {
  HOLDFAST_TRY_ASSIGN(const Job job, get_job(connection, id));
  if (key) {
    HOLDFAST_TRY_ASSIGN(const auto earlier, find_earlier_answer(connection, *key, now));
    if (earlier) return RetriedJob{job, true};
  }
  const auto document = document_waiting_for(connection, id);
  HOLDFAST_TRY(may_retry(job, document.has_value()));
  HOLDFAST_TRY(check_key_free(connection, id));
  const bool was_over = is_final(job.state);
  connection
      .query(
          statement<"UPDATE job SET attempt = ?3, crashes = ?4, state = {job.ready}, run_at = ?2,"
                    " finished_at = NULL, started_at = NULL, cancel_requested = 0 WHERE id = ?1">)
      .bind(id, now.wall, std::int64_t{was_over ? 0 : job.attempt},
            was_over ? crashes_after_retry(job.crashes) : std::int64_t{job.crashes})
      .run();
  if (was_over && document) {
    // One that was only to be embedded again stays as it is.
    connection
        .query(statement<"UPDATE document SET status = {document.pending}, error = '',"
                         " updated_at = ?2 WHERE seq = ?1 AND status <> {document.ready}">)
        .bind(*document, now.wall)
        .run();
  }
  if (key) remember(connection, *key, Created{"", id}, now);
  HOLDFAST_TRY_ASSIGN(Job retried, get_job(connection, id));
  return RetriedJob{std::move(retried), false};
}

}  // namespace holdfast::store::sqlite
