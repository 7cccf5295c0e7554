// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_retry.hpp"

#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_read.hpp"

namespace holdfast::store::sqlite {

Result<Job> retry_job(Connection& connection, std::int64_t id, Now now) {
  HOLDFAST_TRY_ASSIGN(const Job job, get_job(connection, id));
  if (job.state != JobState::Dead && job.state != JobState::Waiting) {
    return fail(ErrorKind::Conflict,
                fmt::format("job {} is {}: only a dead or a waiting one can be retried", id,
                            to_string(job.state)));
  }
  // An embedding that nobody waits for any more would be computed and thrown away.
  const auto document = document_waiting_for(connection, id);
  if (job.kind == "embed" && !document) {
    return fail(ErrorKind::Conflict,
                fmt::format("the document of job {} was deleted or replaced since", id));
  }
  // One crash stays on record: a claim hands out such a job alone.
  connection
      .query(
          "UPDATE job SET attempt = CASE WHEN state = 5 THEN 0 ELSE attempt END,"
          " crashes = CASE WHEN state = 5 THEN min(crashes, 1) ELSE crashes END,"
          " state = 0, run_at = ?2, finished_at = NULL, started_at = NULL, cancel_requested = 0"
          " WHERE id = ?1")
      .bind(id, now.wall)
      .run();
  if (job.state == JobState::Dead && document) {
    connection.query("UPDATE document SET status = 0, error = '', updated_at = ?2 WHERE seq = ?1")
        .bind(*document, now.wall)
        .run();
  }
  return get_job(connection, id);
}

}  // namespace holdfast::store::sqlite
