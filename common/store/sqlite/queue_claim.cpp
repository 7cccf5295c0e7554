// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_claim.hpp"

namespace holdfast::store::sqlite {

namespace {

// How long a job that crashed a worker is passed over for jobs behind it while workers are busy.
// After that a worker that meets it takes no more until it is empty, and then takes it.
constexpr std::int64_t kQuarantinePatienceMs = 5000;
constexpr std::int64_t kPromoted = 500;
constexpr std::int64_t kLookAt = 1000;

struct Holding {
  std::int64_t jobs = 0;
  std::int64_t crashed = 0;  // of these, with a crash on record
};

Holding holding_of(Connection& connection, std::int64_t worker_id) {
  Query query = connection.query(
      "SELECT count(*), count(*) FILTER (WHERE crashes > 0) FROM job"
      " WHERE state = 2 AND worker_id = ?1");
  query.bind(worker_id).step();
  return {query.integer(0), query.integer(1)};
}

bool is_paused(Connection& connection, const std::string& queue) {
  return connection.query("SELECT 1 FROM queue_ctl WHERE queue = ?1 AND paused").bind(queue).step();
}

void promote_due(Connection& connection, const std::string& queue, std::int64_t wall) {
  connection
      .query(
          "UPDATE job SET state = 0 WHERE id IN (SELECT id FROM job"
          " WHERE state = 1 AND queue = ?1 AND run_at <= ?2 ORDER BY run_at LIMIT ?3)")
      .bind(queue, wall, kPromoted)
      .run();
}

std::vector<Job> choose(Connection& connection, const ClaimRequest& request, bool holds_others,
                        std::int64_t wall) {
  Query query = connection.query("SELECT " HOLDFAST_JOB_COLUMNS
                                 " FROM job WHERE state = 0 AND queue = ?1"
                                 " ORDER BY priority, id LIMIT ?2");
  query.bind(request.queue, std::int64_t{request.limit} + kLookAt);
  std::vector<Job> chosen;
  while (chosen.size() < request.limit && query.step()) {
    Job job = read_job(query);
    if (job.crashes == 0) {
      chosen.push_back(std::move(job));
      continue;
    }
    if (!holds_others && chosen.empty()) return {std::move(job)};
    if (wall - job.run_at > kQuarantinePatienceMs) break;
  }
  return chosen;
}

// Under the write lock nobody changes the row between its reading and this. RETURNING would say the
// same, by way of a temporary table for each job.
void take(Connection& connection, Job& job, const ClaimRequest& request, Now now) {
  job.state = JobState::Running;
  ++job.fence;
  ++job.attempt;
  connection
      .query(
          "UPDATE job SET state = 2, fence = ?2, attempt = ?3, worker_id = ?4,"
          " started_at = NULL, deadline_mono = ?5 WHERE id = ?1")
      .bind(job.id, job.fence, std::int64_t{job.attempt}, request.worker_id,
            now.mono + to_ms(request.timeout))
      .run();
}

}  // namespace

Result<std::vector<Job>> claim_jobs(Connection& connection, const ClaimRequest& request, Now now) {
  {
    Query worker = connection.query("SELECT draining FROM worker WHERE id = ?1");
    if (!worker.bind(request.worker_id).step()) {
      return fail(
          ErrorKind::Conflict,
          fmt::format("worker {} was declared dead: it owns nothing any more", request.worker_id));
    }
    if (worker.integer(0) != 0) return std::vector<Job>{};
  }
  if (request.limit == 0 || is_paused(connection, request.queue)) return std::vector<Job>{};
  const Holding holding = holding_of(connection, request.worker_id);
  if (holding.crashed > 0) return std::vector<Job>{};
  promote_due(connection, request.queue, now.wall);
  std::vector<Job> jobs = choose(connection, request, holding.jobs > 0, now.wall);
  for (Job& job : jobs)
    take(connection, job, request, now);
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
  return job;
}

}  // namespace holdfast::store::sqlite
