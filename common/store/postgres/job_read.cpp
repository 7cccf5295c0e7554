// SPDX-License-Identifier: Apache-2.0
// Looking at the queue, and clearing it of what is over.
#include "common/store/job_rules.hpp"
#include "common/store/now.hpp"
#include "common/store/postgres/documents.hpp"
#include "common/store/postgres/job_rows.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/statement.hpp"

#include <algorithm>

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kPeek = statement<
    "SELECT EXISTS(SELECT 1 FROM holdfast.job WHERE state = {job.ready} AND queue = $1"
    " AND kind <> ALL(ARRAY(SELECT kind FROM holdfast.paused_kind WHERE queue = $1))),"
    " (SELECT min(run_at) FROM holdfast.job WHERE state = {job.waiting} AND queue = $1)"
    " - holdfast.now_ms(),"
    " EXISTS(SELECT 1 FROM holdfast.queue_ctl WHERE queue = $1 AND paused),"
    " EXISTS(SELECT 1 FROM holdfast.job WHERE state = {job.waiting} AND queue = $1"
    " AND waits_since > holdfast.now_ms())">;
constexpr std::string_view kGetJob =
    "SELECT " HOLDFAST_JOB_COLUMNS " FROM holdfast.job WHERE id = $1";
// One statement, one state. The running ones are few: what workers hold at this moment.
constexpr std::string_view kStats = statement<
    "WITH finished AS MATERIALIZED (SELECT state, sum(jobs)::bigint AS jobs"
    " FROM holdfast.finished_count WHERE queue = $1 GROUP BY state)"
    " SELECT (SELECT count(*) FROM holdfast.job WHERE state = {job.ready} AND queue = $1),"
    " holdfast.now_ms()"
    " - (SELECT min(run_at) FROM holdfast.job WHERE state = {job.ready} AND queue = $1),"
    " (SELECT count(*) FROM holdfast.job WHERE state = {job.waiting} AND queue = $1),"
    " (SELECT count(*) FROM holdfast.job WHERE state = {job.running} AND queue = $1),"
    " (SELECT jobs FROM finished WHERE state = {job.done}),"
    " (SELECT jobs FROM finished WHERE state = {job.cancelled}),"
    " (SELECT jobs FROM finished WHERE state = {job.dead}),"
    " EXISTS(SELECT 1 FROM holdfast.queue_ctl WHERE queue = $1 AND paused)">;
constexpr std::string_view kPausedKinds =
    "SELECT kind FROM holdfast.paused_kind WHERE queue = $1 ORDER BY kind";
constexpr std::string_view kPruneJobs =
    "DELETE FROM holdfast.job WHERE id = ANY(ARRAY(SELECT id FROM holdfast.job WHERE state = $1"
    " AND finished_at IS NOT NULL AND finished_at < holdfast.now_ms() - $2"
    " ORDER BY finished_at LIMIT $3 FOR UPDATE SKIP LOCKED))";
// Finished when the clock was ahead: they count as finished now, or they would be kept until it is
// there again. The same for keys, which are kept for $2.
constexpr std::string_view kFinishedNow =
    "UPDATE holdfast.job SET finished_at = holdfast.now_ms() WHERE id = ANY(ARRAY(SELECT id"
    " FROM holdfast.job WHERE state = $1 AND finished_at IS NOT NULL"
    " AND finished_at > holdfast.now_ms() ORDER BY finished_at DESC LIMIT $2"
    " FOR UPDATE SKIP LOCKED))";
constexpr std::string_view kKeepKeysFromNow =
    "UPDATE holdfast.idempotency SET expires_at = holdfast.now_ms() + $2 WHERE ctid ="
    " ANY(ARRAY(SELECT ctid FROM holdfast.idempotency WHERE expires_at > holdfast.now_ms() + $2"
    " ORDER BY expires_at DESC LIMIT $1 FOR UPDATE SKIP LOCKED))";
constexpr std::string_view kPruneKeys =
    "DELETE FROM holdfast.idempotency WHERE ctid = ANY(ARRAY(SELECT ctid FROM holdfast.idempotency"
    " WHERE expires_at <= holdfast.now_ms() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))";
// The counts of sessions, most of which have ended, become one. A row that its session is just
// changing is left for the next time.
constexpr std::string_view kFoldCounts =
    "WITH theirs AS MATERIALIZED (SELECT queue, state, backend FROM holdfast.finished_count"
    " WHERE backend <> 0 FOR UPDATE SKIP LOCKED),"
    " gone AS (DELETE FROM holdfast.finished_count AS c USING theirs"
    " WHERE (c.queue, c.state, c.backend) = (theirs.queue, theirs.state, theirs.backend)"
    " RETURNING c.queue, c.state, c.jobs)"
    " INSERT INTO holdfast.finished_count AS c(queue, state, backend, jobs)"
    " SELECT queue, state, 0, sum(jobs)::bigint FROM gone GROUP BY queue, state"
    " ON CONFLICT (queue, state, backend) DO UPDATE SET jobs = c.jobs + excluded.jobs";
constexpr std::string_view kPruneMarks =
    "DELETE FROM holdfast.commit_mark WHERE writer = ANY(ARRAY(SELECT writer"
    " FROM holdfast.commit_mark WHERE at < holdfast.now_ms() - 604800000 LIMIT $1"
    " FOR UPDATE SKIP LOCKED))";
// Whoever has not searched for an hour loads everything. What belongs to a transaction that this
// server has not begun yet came with a dump of another one, and goes. If the horizon did, everybody
// loads everything once.
constexpr std::string_view kForgetChanges =
    "WITH here AS MATERIALIZED (SELECT pg_snapshot_xmax(pg_current_snapshot()) AS xmax,"
    " pg_current_xact_id() AS own),"
    " gone AS (DELETE FROM holdfast.chunk_change AS c USING here"
    " WHERE c.at < holdfast.now_ms() - 3600000"
    " OR (c.transaction >= here.xmax AND c.transaction <> here.own)"
    " RETURNING c.transaction, c.transaction < here.xmax AS is_ours)"
    " UPDATE holdfast.chunk_change_horizon AS h SET transaction ="
    " CASE WHEN h.transaction >= here.xmax THEN here.own ELSE newest.transaction END"
    " FROM here LEFT JOIN"
    " (SELECT transaction FROM gone WHERE is_ours ORDER BY transaction DESC LIMIT 1) AS newest"
    " ON true WHERE h.transaction >= here.xmax OR h.transaction < newest.transaction";

}  // namespace

Result<JobQueue::Peek> peek(PgConnection& connection, const std::string& queue,
                            std::int64_t local_wall) {
  const Rows row = ask(connection, Statement(kPeek).bind(queue));
  JobQueue::Peek result;
  if (row.boolean(0, 2)) return result;  // paused: a claim would get nothing
  result.ready = row.boolean(0, 0);
  if (const auto due_in = row.optional_integer(0, 1)) {
    result.next_at = local_wall + *due_in;
    if (*due_in <= 0) result.ready = true;
  }
  if (row.boolean(0, 3)) result.ready = true;  // the clock was set back: a claim sees to it
  return result;
}

Result<Job> get_job(PgConnection& connection, std::int64_t id) {
  const Rows row = ask(connection, Statement(kGetJob).bind(id));
  if (row.empty()) return fail(ErrorKind::NotFound, fmt::format("there is no job {}", id));
  return read_job(row, 0);
}

Result<QueueStats> queue_stats(PgConnection& connection, const std::string& queue) {
  const Rows row = ask(connection, Statement(kStats).bind(queue));
  QueueStats stats;
  stats.ready = row.integer(0, 0);
  stats.oldest_ready_ms = std::max<std::int64_t>(row.optional_integer(0, 1).value_or(0), 0);
  stats.waiting = row.integer(0, 2);
  stats.running = row.integer(0, 3);
  stats.done = row.optional_integer(0, 4).value_or(0);
  stats.cancelled = row.optional_integer(0, 5).value_or(0);
  stats.dead = row.optional_integer(0, 6).value_or(0);
  stats.paused = row.boolean(0, 7);
  const Rows kinds = ask(connection, Statement(kPausedKinds).bind(queue));
  for (int i = 0; i < kinds.count(); ++i)
    stats.paused_kinds.push_back(kinds.text(i, 0));
  return stats;
}

Result<std::int64_t> prune(Transaction& transaction, Duration keep) {
  std::int64_t deleted = 0;
  for (const Retention& rule : retention_of_finished_jobs(keep)) {
    transaction.run(
        Statement(kFinishedNow).bind(static_cast<std::int64_t>(rule.state), kPruneBatch));
    const Rows pruned = transaction.run(
        Statement(kPruneJobs)
            .bind(static_cast<std::int64_t>(rule.state), to_ms(rule.keep), kPruneBatch - deleted));
    deleted += pruned.affected();
  }
  const std::vector<Statement> rest{
      Statement(kKeepKeysFromNow).bind(kPruneBatch, IdempotencyKey{}.keep_ms),
      Statement(kPruneKeys).bind(kPruneBatch), Statement(kPruneMarks).bind(kPruneBatch),
      Statement(kForgetChanges), Statement(kFoldCounts)};
  transaction.run(rest);
  return deleted;
}

}  // namespace holdfast::store::postgres
