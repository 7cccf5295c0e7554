// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_read.hpp"

#include "common/store/job_rules.hpp"
#include "common/store/sqlite/idempotency.hpp"
#include "common/store/sqlite/queue_claim.hpp"
#include "common/store/statement.hpp"

#include <algorithm>

namespace holdfast::store::sqlite {

namespace {

std::int64_t count(SqliteConnection& connection, std::string_view sql, const std::string& queue) {
  Query query = connection.query(sql);
  query.bind(queue).step();
  return query.integer(0);
}

void read_ready(SqliteConnection& connection, const std::string& queue, QueueStats& stats,
                Now now) {
  stats.ready =
      count(connection,
            statement<"SELECT count(*) FROM job WHERE state = {job.ready} AND queue = ?1">, queue);
  Query oldest = connection.query(
      statement<"SELECT min(run_at) FROM job WHERE state = {job.ready} AND queue = ?1">);
  oldest.bind(queue).step();
  if (!oldest.is_null(0)) {
    stats.oldest_ready_ms = std::max<std::int64_t>(now.wall - oldest.integer(0), 0);
  }
}

void read_finished(SqliteConnection& connection, const std::string& queue, QueueStats& stats) {
  Query query = connection.query("SELECT state, jobs FROM finished_count WHERE queue = ?1");
  query.bind(queue);
  while (query.step()) {
    switch (static_cast<JobState>(query.integer(0))) {
      case JobState::Done: stats.done = query.integer(1); break;
      case JobState::Cancelled: stats.cancelled = query.integer(1); break;
      case JobState::Dead: stats.dead = query.integer(1); break;
      default: break;
    }
  }
}

void read_pauses(SqliteConnection& connection, const std::string& queue, QueueStats& stats) {
  stats.paused =
      count(connection, "SELECT EXISTS(SELECT 1 FROM queue_ctl WHERE queue = ?1 AND paused)",
            queue) != 0;
  Query query = connection.query("SELECT kind FROM paused_kind WHERE queue = ?1 ORDER BY kind");
  query.bind(queue);
  while (query.step())
    stats.paused_kinds.push_back(query.text(0));
}

}  // namespace

JobQueue::Peek peek(SqliteConnection& connection, const std::string& queue, Now now) {
  Query query = connection.query(
      statement<"SELECT EXISTS(SELECT 1 FROM job INDEXED BY job_ready WHERE state = {job.ready}"
                " AND queue = ?1 AND kind NOT IN (SELECT kind FROM paused_kind WHERE queue = ?1)),"
                " (SELECT min(run_at) FROM job WHERE state = {job.waiting} AND queue = ?1),"
                " EXISTS(SELECT 1 FROM queue_ctl WHERE queue = ?1 AND paused),"
                " EXISTS(SELECT 1 FROM job WHERE state = {job.waiting} AND queue = ?1"
                " AND waits_since > ?2)">);
  query.bind(queue, now.wall).step();
  JobQueue::Peek result;
  if (query.integer(2) != 0) return result;  // paused: a claim would get nothing
  result.ready = query.integer(0) != 0;
  if (!query.is_null(1)) {
    result.next_at = query.integer(1);
    if (*result.next_at <= now.wall) result.ready = true;
  }
  if (query.integer(3) != 0) result.ready = true;  // the clock was set back: a claim sees to it
  return result;
}

Result<Job> get_job(SqliteConnection& connection, std::int64_t id) {
  Query query = connection.query("SELECT " HOLDFAST_JOB_COLUMNS " FROM job WHERE id = ?1");
  if (!query.bind(id).step()) {
    return fail(ErrorKind::NotFound, fmt::format("there is no job {}", id));
  }
  return read_job(query);
}

QueueStats queue_stats(SqliteConnection& connection, const std::string& queue, Now now) {
  ReadTransaction one_state(connection);
  one_state.begin();
  QueueStats stats;
  read_ready(connection, queue, stats, now);
  stats.waiting = count(
      connection, statement<"SELECT count(*) FROM job WHERE state = {job.waiting} AND queue = ?1">,
      queue);
  // Few: what workers hold at this moment.
  stats.running = count(
      connection, statement<"SELECT count(*) FROM job WHERE state = {job.running} AND queue = ?1">,
      queue);
  read_finished(connection, queue, stats);
  read_pauses(connection, queue, stats);
  return stats;
}

std::int64_t prune(SqliteConnection& connection, Duration keep, Now now) {
  std::int64_t deleted = 0;
  for (const Retention& rule : retention_of_finished_jobs(keep)) {
    // Finished when the clock was ahead: they count as finished now, or they would be kept until it
    // is there again.
    connection
        .query(
            "UPDATE job SET finished_at = ?2 WHERE id IN (SELECT id FROM job WHERE state = ?1"
            " AND finished_at IS NOT NULL AND finished_at > ?2"
            " ORDER BY finished_at DESC LIMIT ?3)")
        .bind(static_cast<std::int64_t>(rule.state), now.wall, kPruneBatch)
        .run();
    // "IS NOT NULL" lets SQLite use the partial index; it does not infer it from the comparison.
    deleted += connection
                   .query(
                       "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state = ?1"
                       " AND finished_at IS NOT NULL AND finished_at < ?2"
                       " ORDER BY finished_at LIMIT ?3)")
                   .bind(static_cast<std::int64_t>(rule.state), now.wall - to_ms(rule.keep),
                         kPruneBatch - deleted)
                   .run();
  }
  delete_expired_keys(connection, kPruneBatch, now);
  return deleted;
}

}  // namespace holdfast::store::sqlite
