// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/queue_admin.hpp"

#include "common/store/job_rules.hpp"
#include "common/store/sqlite/queue_claim.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_read.hpp"
#include "common/store/sqlite/queue_retry.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store::sqlite {

namespace {

constexpr std::uint32_t kLargestJobPage = 1000;

// ?1 ids as a JSON array, or "" for all; ?2 a bit for each state; ?3 queue, ?4 kind, "" for all;
// ?5 the latest moment at which it finished, or was created.
#define HOLDFAST_MATCHES                                                        \
  " (?1 = '' OR id IN (SELECT value FROM json_each(?1))) AND (?2 >> state) & 1" \
  " AND (?3 = '' OR queue = ?3) AND (?4 = '' OR kind = ?4)"                     \
  " AND coalesce(finished_at, created_at) <= ?5"

struct Bound {
  std::string ids;
  std::int64_t states = 0;
  std::int64_t until = 0;
};

Bound bound(const JobFilter& filter, Now now) {
  Bound values;
  if (!filter.ids.empty()) values.ids = fmt::format("[{}]", fmt::join(filter.ids, ","));
  constexpr std::int64_t kAll = 0x3f;
  for (const JobState state : filter.states)
    values.states |= std::int64_t{1} << static_cast<int>(state);
  if (filter.states.empty()) values.states = kAll;
  values.until = now.wall - filter.older_than_ms;
  // Whoever does not ask for an age gets those of the future, too: the clock was set back.
  if (filter.older_than_ms == 0) values.until = std::numeric_limits<std::int64_t>::max();
  return values;
}

Result<void> change_one(SqliteConnection& connection, JobAction action, std::int64_t id, Now now) {
  switch (action) {
    case JobAction::Retry: {
      HOLDFAST_TRY(retry_job(connection, id, std::nullopt, now));
      return {};
    }
    case JobAction::Cancel: {
      HOLDFAST_TRY(cancel_job(connection, id, now));
      return {};
    }
    case JobAction::Discard: return discard_job(connection, id);
  }
  return {};
}

std::vector<std::int64_t> next_ids(SqliteConnection& connection, const JobChange& change, Now now) {
  const JobFilter filter = filter_for(change.action, change.filter);
  const Bound values = bound(filter, now);
  Query query = connection.query("SELECT id FROM job WHERE id > ?6 AND" HOLDFAST_MATCHES
                                 " ORDER BY id LIMIT ?7");
  query.bind(values.ids, values.states, filter.queue, filter.kind, values.until, change.after,
             std::int64_t{change.limit});
  std::vector<std::int64_t> ids;
  while (query.step())
    ids.push_back(query.integer(0));
  return ids;
}

}  // namespace

JobPage list_jobs(SqliteConnection& connection, const JobQuery& query, Now now) {
  const Bound values = bound(query.filter, now);
  const std::uint32_t limit = std::clamp<std::uint32_t>(query.limit, 1, kLargestJobPage);
  const std::int64_t before =
      query.before > 0 ? query.before : std::numeric_limits<std::int64_t>::max();
  Query rows =
      connection.query("SELECT " HOLDFAST_JOB_COLUMNS " FROM job WHERE id < ?6 AND" HOLDFAST_MATCHES
                       " ORDER BY id DESC LIMIT ?7");
  rows.bind(values.ids, values.states, query.filter.queue, query.filter.kind, values.until, before,
            std::int64_t{limit} + 1);
  JobPage page;
  page.now = now.wall;
  while (rows.step()) {
    if (page.jobs.size() == limit) {
      page.next = page.jobs.back().id;
      break;
    }
    page.jobs.push_back(read_job(rows));
  }
  return page;
}

std::int64_t count_jobs(SqliteConnection& connection, const JobFilter& filter, Now now) {
  const Bound values = bound(filter, now);
  Query query = connection.query("SELECT count(*) FROM job WHERE" HOLDFAST_MATCHES);
  query.bind(values.ids, values.states, filter.queue, filter.kind, values.until).step();
  return query.integer(0);
}

std::vector<JobKey> jobs_to_stop(SqliteConnection& connection, std::int64_t worker_id, Now now) {
  Query query = connection.query(
      statement<"SELECT id, fence FROM job WHERE state = {job.running} AND worker_id = ?1"
                " AND (cancel_requested OR deadline_mono < ?2)">);
  query.bind(worker_id, now.mono);
  std::vector<JobKey> keys;
  while (query.step())
    keys.push_back({query.integer(0), query.integer(1)});
  return keys;
}

Result<Job> cancel_job(SqliteConnection& connection, std::int64_t id, Now now) {
  HOLDFAST_TRY_ASSIGN(const Job job, get_job(connection, id));
  HOLDFAST_TRY(may_cancel(job));
  if (job.state == JobState::Running) {
    connection.query("UPDATE job SET cancel_requested = 1 WHERE id = ?1").bind(id).run();
  } else {
    connection
        .query(statement<"UPDATE job SET state = {job.cancelled}, finished_at = ?2 WHERE id = ?1">)
        .bind(id, now.wall)
        .run();
    fail_document_of(connection, id, kCancelledError, now);
  }
  return get_job(connection, id);
}

Result<void> discard_job(SqliteConnection& connection, std::int64_t id) {
  HOLDFAST_TRY_ASSIGN(const Job job, get_job(connection, id));
  HOLDFAST_TRY(may_discard(job));
  connection.query("DELETE FROM job WHERE id = ?1").bind(id).run();
  return {};
}

JobsChanged change_jobs(SqliteConnection& connection, const JobChange& change, Now now) {
  const std::vector<std::int64_t> ids = next_ids(connection, change, now);
  JobsChanged result;
  for (const std::int64_t id : ids) {
    const auto changed = change_one(connection, change.action, id, now);
    if (changed) {
      ++result.changed;
    } else if (++result.refused == 1) {
      result.refusal = changed.error().message;
    }
  }
  if (ids.size() >= change.limit) result.next = ids.back();
  return result;
}

void set_paused(SqliteConnection& connection, const std::string& queue, const std::string& kind,
                bool paused) {
  if (kind.empty()) {
    connection
        .query(
            "INSERT INTO queue_ctl(queue, paused) VALUES(?1, ?2)"
            " ON CONFLICT(queue) DO UPDATE SET paused = excluded.paused")
        .bind(queue, std::int64_t{paused})
        .run();
    return;
  }
  connection
      .query(paused ? "INSERT OR IGNORE INTO paused_kind(queue, kind) VALUES(?1, ?2)"
                    : "DELETE FROM paused_kind WHERE queue = ?1 AND kind = ?2")
      .bind(queue, kind)
      .run();
}

#undef HOLDFAST_MATCHES

}  // namespace holdfast::store::sqlite
