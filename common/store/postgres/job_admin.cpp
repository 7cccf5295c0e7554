// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/job_admin.hpp"

#include "common/store/job_rules.hpp"
#include "common/store/postgres/documents.hpp"
#include "common/store/postgres/job_rows.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store::postgres {

namespace {

constexpr std::uint32_t kLargestJobPage = 1000;

// $1 ids, none for all; $2 states, none for all; $3 queue and $4 kind, "" for all; $5 the least
// age, since it finished, or else since it was created.
#define HOLDFAST_MATCHES                                                                \
  " (cardinality($1) = 0 OR id = ANY($1)) AND (cardinality($2) = 0 OR state = ANY($2))" \
  " AND ($3 = '' OR queue = $3) AND ($4 = '' OR kind = $4)"                             \
  " AND ($5 = 0 OR coalesce(finished_at, created_at) <= holdfast.now_ms() - $5)"

constexpr std::string_view kListJobs =
    "SELECT " HOLDFAST_JOB_COLUMNS " FROM holdfast.job WHERE id < $6 AND" HOLDFAST_MATCHES
    " ORDER BY id DESC LIMIT $7";
constexpr std::string_view kNowOfServer = "SELECT holdfast.now_ms()";
constexpr std::string_view kCountJobs = "SELECT count(*) FROM holdfast.job WHERE" HOLDFAST_MATCHES;
constexpr std::string_view kNextIds =
    "SELECT id FROM holdfast.job WHERE id > $6 AND" HOLDFAST_MATCHES " ORDER BY id LIMIT $7";
constexpr std::string_view kToStopNow = statement<
    "SELECT id, fence FROM holdfast.job WHERE state = {job.running} AND worker_id = $1"
    " AND (cancel_requested OR deadline_at < holdfast.now_ms())">;
constexpr std::string_view kLock =
    "SELECT " HOLDFAST_JOB_COLUMNS " FROM holdfast.job WHERE id = $1 FOR UPDATE";
constexpr std::string_view kCancelNow = statement<
    "UPDATE holdfast.job SET state = {job.cancelled}, finished_at = holdfast.now_ms()"
    " WHERE id = $1 RETURNING " HOLDFAST_JOB_COLUMNS>;
constexpr std::string_view kAskJobToStop =
    "UPDATE holdfast.job SET cancel_requested = true WHERE id = $1"
    " RETURNING " HOLDFAST_JOB_COLUMNS;
constexpr std::string_view kDiscard = "DELETE FROM holdfast.job WHERE id = $1";
constexpr std::string_view kPauseQueue =
    "INSERT INTO holdfast.queue_ctl(queue, paused) VALUES($1, $2)"
    " ON CONFLICT (queue) DO UPDATE SET paused = excluded.paused";
constexpr std::string_view kPauseKind =
    "INSERT INTO holdfast.paused_kind(queue, kind) VALUES($1, $2) ON CONFLICT DO NOTHING";
constexpr std::string_view kResumeKind =
    "DELETE FROM holdfast.paused_kind WHERE queue = $1 AND kind = $2";
#undef HOLDFAST_MATCHES

Statement matching(std::string_view sql, const JobFilter& filter) {
  std::vector<std::int64_t> states;
  for (const JobState state : filter.states)
    states.push_back(static_cast<std::int64_t>(state));
  return Statement(sql).bind(filter.ids, states, filter.queue, filter.kind, filter.older_than_ms);
}

Result<Job> locked_job(Transaction& transaction, std::int64_t id) {
  const Rows row = transaction.run(Statement(kLock).bind(id));
  if (row.empty()) return fail(ErrorKind::NotFound, fmt::format("there is no job {}", id));
  return read_job(row, 0);
}

Result<void> change_one(Transaction& transaction, JobAction action, std::int64_t id) {
  switch (action) {
    case JobAction::Retry: {
      HOLDFAST_TRY(retry_job(transaction, id, std::nullopt));
      return {};
    }
    case JobAction::Cancel: {
      HOLDFAST_TRY(cancel_job(transaction, id));
      return {};
    }
    case JobAction::Discard: return discard_job(transaction, id);
  }
  return {};
}

}  // namespace

Result<Job> cancel_job(Transaction& transaction, std::int64_t id) {
  HOLDFAST_TRY_ASSIGN(const Job job, locked_job(transaction, id));
  HOLDFAST_TRY(may_cancel(job));
  if (job.state == JobState::Running) {
    return read_job(transaction.run(Statement(kAskJobToStop).bind(id)), 0);
  }
  const Rows cancelled = transaction.run(Statement(kCancelNow).bind(id));
  fail_document_of(transaction, id, kCancelledError);
  return read_job(cancelled, 0);
}

Result<void> discard_job(Transaction& transaction, std::int64_t id) {
  HOLDFAST_TRY_ASSIGN(const Job job, locked_job(transaction, id));
  HOLDFAST_TRY(may_discard(job));
  transaction.run(Statement(kDiscard).bind(id));
  return {};
}

Result<JobsChanged> change_jobs(Transaction& transaction, const JobChange& change) {
  const JobFilter filter = filter_for(change.action, change.filter);
  const Rows ids =
      transaction.run(matching(kNextIds, filter).bind(change.after, std::int64_t{change.limit}));
  JobsChanged result;
  for (int row = 0; row < ids.count(); ++row) {
    const auto changed = change_one(transaction, change.action, ids.integer(row, 0));
    if (changed) {
      ++result.changed;
    } else if (++result.refused == 1) {
      result.refusal = changed.error().message;
    }
  }
  if (ids.count() > 0 && ids.count() >= static_cast<int>(change.limit)) {
    result.next = ids.integer(ids.count() - 1, 0);
  }
  return result;
}

Statement pause_statement(const std::string& queue, const std::string& kind, bool paused) {
  if (kind.empty()) return Statement(kPauseQueue).bind(queue, paused);
  return Statement(paused ? kPauseKind : kResumeKind).bind(queue, kind);
}

JobPage list_jobs(PgConnection& connection, const JobQuery& query) {
  const std::uint32_t limit = std::clamp<std::uint32_t>(query.limit, 1, kLargestJobPage);
  const std::int64_t before =
      query.before > 0 ? query.before : std::numeric_limits<std::int64_t>::max();
  const Rows rows =
      ask(connection, matching(kListJobs, query.filter).bind(before, std::int64_t{limit} + 1));
  JobPage page;
  page.now = ask(connection, Statement(kNowOfServer)).integer(0, 0);
  for (int row = 0; row < rows.count(); ++row) {
    if (page.jobs.size() == limit) {
      page.next = page.jobs.back().id;
      break;
    }
    page.jobs.push_back(read_job(rows, row));
  }
  return page;
}

std::int64_t count_jobs(PgConnection& connection, const JobFilter& filter) {
  return ask(connection, matching(kCountJobs, filter)).integer(0, 0);
}

std::vector<JobKey> jobs_to_stop(PgConnection& connection, std::int64_t worker_id) {
  const Rows rows = ask(connection, Statement(kToStopNow).bind(worker_id));
  std::vector<JobKey> keys;
  for (int row = 0; row < rows.count(); ++row)
    keys.push_back({rows.integer(row, 0), rows.integer(row, 1)});
  return keys;
}

}  // namespace holdfast::store::postgres
