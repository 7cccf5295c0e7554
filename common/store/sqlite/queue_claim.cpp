// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_claim.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/statement.hpp"

namespace holdfast::store::sqlite {

namespace {

struct Holding {
  std::int64_t jobs = 0;
  std::int64_t crashed = 0;  // of these, with a crash on record
};

Holding holding_of(SqliteConnection& connection, std::int64_t worker_id) {
  Query query =
      connection.query(statement<"SELECT count(*), count(*) FILTER (WHERE crashes > 0) FROM job"
                                 " WHERE state = {job.running} AND worker_id = ?1">);
  query.bind(worker_id).step();
  return {query.integer(0), query.integer(1)};
}

bool is_paused(SqliteConnection& connection, const std::string& queue) {
  return connection.query("SELECT 1 FROM queue_ctl WHERE queue = ?1 AND paused").bind(queue).step();
}

// The clock was set back behind the moment at which these began to wait: they wait for as long as
// they were told to, from now on.
void wait_from_now(SqliteConnection& connection, const std::string& queue, std::int64_t wall) {
  connection
      .query(statement<"UPDATE job SET run_at = ?2 + run_at - waits_since, waits_since = ?2"
                       " WHERE id IN (SELECT id FROM job WHERE state = {job.waiting}"
                       " AND queue = ?1 AND waits_since > ?2 LIMIT ?3)">)
      .bind(queue, wall, kPromoteBatch)
      .run();
}

void promote_due(SqliteConnection& connection, const std::string& queue, std::int64_t wall) {
  connection
      .query(statement<"UPDATE job SET state = {job.ready} WHERE id IN (SELECT id FROM job"
                       " WHERE state = {job.waiting} AND queue = ?1 AND run_at <= ?2"
                       " ORDER BY run_at LIMIT ?3)">)
      .bind(queue, wall, kPromoteBatch)
      .run();
}

std::vector<Job> choose(SqliteConnection& connection, const ClaimRequest& request,
                        bool holds_others, std::int64_t wall) {
  Query query = connection.query(
      statement<"SELECT " HOLDFAST_JOB_COLUMNS " FROM job WHERE state = {job.ready} AND queue = ?1"
                " AND kind NOT IN (SELECT kind FROM paused_kind WHERE queue = ?1)"
                " ORDER BY priority, id LIMIT ?2">);
  query.bind(request.queue, std::int64_t{request.limit} + kClaimLookahead);
  ClaimSelection selection(request.limit, holds_others);
  std::vector<Job> chosen;
  while (chosen.size() < request.limit && query.step()) {
    Job job = read_job(query);
    const Duration due_for = std::chrono::milliseconds(wall - job.run_at);
    switch (selection.offer(job.crashes, due_for)) {
      case ClaimSelection::Verdict::Take: chosen.push_back(std::move(job)); break;
      case ClaimSelection::Verdict::TakeAlone: return {std::move(job)};
      case ClaimSelection::Verdict::Skip: break;
      case ClaimSelection::Verdict::Stop: return chosen;
    }
  }
  return chosen;
}

// Under the write lock nobody changes the row between its reading and this. RETURNING would do the
// same through a temporary table for each job.
void take(SqliteConnection& connection, Job& job, const ClaimRequest& request, Now now) {
  job.state = JobState::Running;
  job.started_at = now.wall;
  ++job.fence;
  ++job.attempt;
  connection
      .query(statement<"UPDATE job SET state = {job.running}, fence = ?2, attempt = ?3,"
                       " worker_id = ?4, started_at = ?7,"
                       " deadline_mono = ?5 + coalesce(timeout, ?6) WHERE id = ?1">)
      .bind(job.id, job.fence, std::int64_t{job.attempt}, request.worker_id, now.mono,
            to_ms(request.timeout), now.wall)
      .run();
}

}  // namespace

Result<std::vector<Job>> claim_jobs(SqliteConnection& connection, const ClaimRequest& request,
                                    Now now) {
  {
    Query worker = connection.query("SELECT draining FROM worker WHERE id = ?1");
    if (!worker.bind(request.worker_id).step()) {
      return fail(
          ErrorKind::Conflict,
          fmt::format("worker {} was declared dead: it owns no jobs any more", request.worker_id));
    }
    if (worker.integer(0) != 0) return std::vector<Job>{};
  }
  if (request.limit == 0 || is_paused(connection, request.queue)) return std::vector<Job>{};
  const Holding holding = holding_of(connection, request.worker_id);
  if (holding.crashed > 0) return std::vector<Job>{};
  wait_from_now(connection, request.queue, now.wall);
  promote_due(connection, request.queue, now.wall);
  std::vector<Job> jobs = choose(connection, request, holding.jobs > 0, now.wall);
  for (Job& job : jobs)
    take(connection, job, request, now);
  if (!jobs.empty()) failpoint(FaultStep::ClaimWritten);
  return jobs;
}

Job read_job(const Query& row) {
  Job job;
  job.id = row.integer(0);
  job.kind = row.text(1);
  job.queue = row.text(2);
  job.state = static_cast<JobState>(row.integer(3));
  job.priority = static_cast<std::int32_t>(row.integer(4));
  job.attempt = static_cast<std::int32_t>(row.integer(5));
  job.max_attempts = static_cast<std::int32_t>(row.integer(6));
  job.crashes = static_cast<std::int32_t>(row.integer(7));
  job.max_crashes = static_cast<std::int32_t>(row.integer(8));
  job.fence = row.integer(9);
  job.payload = row.text(10);
  job.last_error = row.text(11);
  job.run_at = row.integer(12);
  job.created_at = row.integer(13);
  if (!row.is_null(14)) job.finished_at = row.integer(14);
  if (!row.is_null(15)) job.started_at = row.integer(15);
  job.cancel_requested = row.integer(16) != 0;
  return job;
}

}  // namespace holdfast::store::sqlite
