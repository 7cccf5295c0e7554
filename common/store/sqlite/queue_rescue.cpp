// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_rescue.hpp"

#include "common/base/result.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/types.hpp"

#include <vector>

namespace holdfast::store::sqlite {

namespace {

struct Charged {
  std::int64_t job_id = 0;
  JobState state{};
  std::int64_t crashes = 0;
};

std::vector<Charged> charge_started(Connection& connection, std::int64_t worker_id,
                                    const std::string& why, Now now) {
  Query query = connection.query(
      "UPDATE job SET crashes = crashes + 1, last_error = ?2, worker_id = NULL,"
      " deadline_mono = NULL,"
      " state = CASE WHEN cancel_requested THEN 4 WHEN crashes + 1 >= max_crashes THEN 5"
      "  ELSE 1 END,"
      " finished_at = CASE WHEN cancel_requested OR crashes + 1 >= max_crashes THEN ?3 END,"
      " run_at = ?3 + min(100 << (2 * min(crashes, 10)), 3600000)"
      " WHERE state = 2 AND worker_id = ?1 AND started_at IS NOT NULL"
      " RETURNING id, state, crashes");
  query.bind(worker_id, why, now.wall);
  std::vector<Charged> charged;
  while (query.step()) {
    charged.push_back(
        {query.integer(0), static_cast<JobState>(query.integer(1)), query.integer(2)});
  }
  return charged;
}

}  // namespace

std::int64_t rescue_worker(Connection& connection, std::int64_t worker_id, const std::string& why,
                           Now now) {
  const auto charged = charge_started(connection, worker_id, why, now);
  for (const Charged& job : charged) {
    if (job.state != JobState::Dead) continue;
    fail_document_of(connection, job.job_id,
                     fmt::format("the worker died {} times over it, last by: {}", job.crashes, why),
                     now);
  }
  const std::int64_t untouched = release_jobs(connection, worker_id, now);
  connection.query("DELETE FROM worker WHERE id = ?1").bind(worker_id).run();
  return static_cast<std::int64_t>(charged.size()) + untouched;
}

std::int64_t rescue_expired(Connection& connection, const std::string& boot, Now now) {
  std::vector<std::pair<std::int64_t, std::string>> dead;
  {
    Query query = connection.query(
        "SELECT id, boot_id <> ?1 FROM worker WHERE boot_id <> ?1 OR lease_until_mono < ?2");
    query.bind(boot, now.mono);
    while (query.step()) {
      dead.emplace_back(query.integer(0),
                        query.integer(1) != 0 ? "the machine was restarted" : "lease expired");
    }
  }
  std::int64_t jobs = 0;
  for (const auto& [id, why] : dead)
    jobs += rescue_worker(connection, id, why, now);
  return jobs;
}

}  // namespace holdfast::store::sqlite
