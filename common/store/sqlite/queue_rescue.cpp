// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_rescue.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/statement.hpp"

#include <vector>

namespace holdfast::store::sqlite {

namespace {

struct Crashed {
  std::int64_t job_id = 0;
  JobBudget budget;  // this crash included
};

std::vector<Crashed> find_crashed(SqliteConnection& connection, std::int64_t worker_id) {
  Query query = connection.query(
      statement<"SELECT id, attempt, max_attempts, crashes + 1, max_crashes, cancel_requested"
                " FROM job WHERE state = {job.running} AND worker_id = ?1"
                " AND started_at IS NOT NULL">);
  query.bind(worker_id);
  std::vector<Crashed> crashed;
  while (query.step()) {
    crashed.push_back({query.integer(0),
                       {query.integer(1), query.integer(2), query.integer(3), query.integer(4),
                        query.integer(5) != 0}});
  }
  return crashed;
}

void charge(SqliteConnection& connection, const Crashed& job, const std::string& why, Now now) {
  const JobState state = after_crash(job.budget);
  connection
      .query(
          "UPDATE job SET crashes = ?2, last_error = ?3, worker_id = NULL, deadline_mono = NULL,"
          " state = ?4, finished_at = CASE WHEN ?5 THEN ?6 END, run_at = ?7, waits_since = ?6"
          " WHERE id = ?1")
      .bind(job.job_id, job.budget.crashes, why, static_cast<std::int64_t>(state),
            std::int64_t{is_final(state)}, now.wall,
            now.wall + to_ms(crash_backoff(job.budget.crashes)))
      .run();
  if (state == JobState::Cancelled) {
    fail_document_of(connection, job.job_id, kCancelledError, now);
  }
  if (state != JobState::Dead) return;
  fail_document_of(connection, job.job_id, crash_error(job.budget.crashes, why), now);
}

}  // namespace

std::int64_t rescue_worker(SqliteConnection& connection, std::int64_t worker_id,
                           const std::string& why, Now now) {
  const std::vector<Crashed> crashed = find_crashed(connection, worker_id);
  for (const Crashed& job : crashed)
    charge(connection, job, why, now);
  failpoint(FaultStep::Rescuing);
  const std::int64_t untouched = release_jobs(connection, worker_id, now);
  connection.query("DELETE FROM worker WHERE id = ?1").bind(worker_id).run();
  return static_cast<std::int64_t>(crashed.size()) + untouched;
}

std::int64_t rescue_expired(SqliteConnection& connection, const HostIdentity& here, Duration lease,
                            Now now) {
  if (lease > Duration::zero()) {
    connection.query("UPDATE worker SET lease_until = ?1 WHERE lease_until > ?1")
        .bind(now.wall + to_ms(kLeasesAhead * lease))
        .run();
  }
  std::vector<std::pair<std::int64_t, std::string>> lost;
  {
    Query query =
        connection.query("SELECT id, host, boot_id, lease_until, lease_until_mono FROM worker");
    while (query.step()) {
      const WorkerRecord worker{{query.text(1), query.text(2)}, query.integer(3), query.integer(4)};
      if (const auto why = reason_lost(worker, here, now))
        lost.emplace_back(query.integer(0), *why);
    }
  }
  std::int64_t jobs = 0;
  for (const auto& [id, why] : lost)
    jobs += rescue_worker(connection, id, why, now);
  return jobs;
}

}  // namespace holdfast::store::sqlite
