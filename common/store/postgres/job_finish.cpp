// SPDX-License-Identifier: Apache-2.0
// How a job's attempt ends, and how it gets another one.
#include "common/base/failpoint.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/now.hpp"
#include "common/store/postgres/chunks.hpp"
#include "common/store/postgres/idempotency.hpp"
#include "common/store/postgres/job_rows.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/statement.hpp"

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kBudget = statement<
    "SELECT attempt, max_attempts, crashes, max_crashes, cancel_requested"
    " FROM holdfast.job WHERE id = $1 AND fence = $2 AND state = {job.running}"
    " FOR UPDATE">;
constexpr std::string_view kEnd =
    "UPDATE holdfast.job SET crashes = $2, last_error = $3, worker_id = NULL, deadline_at = NULL,"
    " state = $4, finished_at = CASE WHEN $5 THEN now END, waits_since = now, run_at = now + $6,"
    " attempt = attempt - $7 FROM holdfast.now_ms() AS now WHERE id = $1";
// One that was only to be embedded again stays as it was.
constexpr std::string_view kFailDocument = statement<
    "UPDATE holdfast.document SET status = {document.failed}, error = $2,"
    " chunk_count = 0, updated_at = holdfast.now_ms() WHERE job_id = $1"
    " AND status <> {document.ready} RETURNING seq">;
constexpr std::string_view kDrain = "UPDATE holdfast.worker SET draining = true WHERE id = $1";
// Before anything is decided about them: a request to stop that is just being committed is waited
// for here, and one that comes later waits. In the order of their ids, as others lock several.
constexpr std::string_view kLockRunning = statement<
    "SELECT 1 FROM holdfast.job WHERE state = {job.running} AND worker_id = $1"
    " ORDER BY id FOR UPDATE">;
// One statement for all of them: after_release() in SQL.
constexpr std::string_view kRelease = statement<
    "UPDATE holdfast.job SET"
    " state = CASE WHEN cancel_requested THEN {job.cancelled} ELSE {job.ready} END,"
    " finished_at = CASE WHEN cancel_requested THEN holdfast.now_ms() END,"
    " attempt = attempt - 1, worker_id = NULL, started_at = NULL, deadline_at = NULL"
    " WHERE state = {job.running} AND worker_id = $1">;
// What was asked to stop is cancelled instead, and its document failed.
constexpr std::string_view kFailCancelled = statement<
    "WITH failed AS (UPDATE holdfast.document AS d SET status = {document.failed}, error = $2,"
    " chunk_count = 0, updated_at = holdfast.now_ms() FROM holdfast.job AS j"
    " WHERE j.state = {job.running} AND j.worker_id = $1 AND j.cancel_requested"
    " AND d.job_id = j.id AND d.status <> {document.ready} RETURNING d.seq),"
    " removed AS (DELETE FROM holdfast.chunk AS c USING failed WHERE c.document = failed.seq"
    " RETURNING c.document)"
    " INSERT INTO holdfast.chunk_change(document) SELECT DISTINCT document FROM removed">;
constexpr std::string_view kCrashed = statement<
    "SELECT id, attempt, max_attempts, crashes + 1, max_crashes, cancel_requested"
    " FROM holdfast.job WHERE state = {job.running} AND worker_id = $1"
    " AND started_at IS NOT NULL ORDER BY id FOR UPDATE">;
constexpr std::string_view kDeleteWorker = "DELETE FROM holdfast.worker WHERE id = $1";
constexpr std::string_view kLockJob =
    "SELECT " HOLDFAST_JOB_COLUMNS " FROM holdfast.job WHERE id = $1 FOR UPDATE";
constexpr std::string_view kWaitingDocument =
    "SELECT seq FROM holdfast.document WHERE job_id = $1 FOR UPDATE";
constexpr std::string_view kRetry = statement<
    "UPDATE holdfast.job SET attempt = $2, crashes = $3, state = {job.ready},"
    " run_at = holdfast.now_ms(), finished_at = NULL, started_at = NULL,"
    " cancel_requested = false WHERE id = $1 RETURNING " HOLDFAST_JOB_COLUMNS>;
// A finished job has no claim on its unique key: another one may have it by now.
constexpr std::string_view kKeyTaken =
    "SELECT unique_key FROM holdfast.job AS j WHERE id = $1 AND unique_key IS NOT NULL"
    " AND EXISTS(SELECT 1 FROM holdfast.job WHERE kind = j.kind AND unique_key = j.unique_key"
    " AND unique_key IS NOT NULL AND finished_at IS NULL AND id <> j.id)";
// One that was only to be embedded again stays as it is.
constexpr std::string_view kPendAgain = statement<
    "UPDATE holdfast.document SET status = {document.pending}, error = '',"
    " updated_at = holdfast.now_ms() WHERE seq = $1 AND status <> {document.ready}">;

JobBudget read_budget(const Rows& rows, int row, int first) {
  return {rows.integer(row, first), rows.integer(row, first + 1), rows.integer(row, first + 2),
          rows.integer(row, first + 3), rows.boolean(row, first + 4)};
}

struct Ending {
  std::int64_t job_id = 0;
  JobState state = JobState::Dead;
  std::int64_t crashes = 0;
  std::string error;
  Duration backoff{};
  std::int64_t given_back = 0;  // attempts
};

void end_attempt(Transaction& transaction, const Ending& ending) {
  transaction.run(Statement(kEnd).bind(
      ending.job_id, ending.crashes, ending.error, static_cast<std::int64_t>(ending.state),
      is_final(ending.state), to_ms(ending.backoff), ending.given_back));
}

}  // namespace

void fail_document_of(Transaction& transaction, std::int64_t job_id, const std::string& error) {
  const Rows document = transaction.run(Statement(kFailDocument).bind(job_id, error));
  if (!document.empty()) delete_chunks(transaction, document.integer(0, 0));
}

Result<JobState> fail_job(Transaction& transaction, const JobFailure& failure) {
  const Rows row = transaction.run(Statement(kBudget).bind(failure.key.id, failure.key.fence));
  if (row.empty()) {
    return fail(ErrorKind::Conflict, fmt::format("job {} is no longer held with fence {}",
                                                 failure.key.id, failure.key.fence));
  }
  JobBudget budget = read_budget(row, 0, 0);
  if (failure.postponed) --budget.attempts;
  const JobState state = after_failure(budget, failure.permanent);
  const std::string error = storable_text(failure.error);
  end_attempt(transaction, {failure.key.id, state, budget.crashes, error, failure.backoff,
                            std::int64_t{failure.postponed}});
  if (state == JobState::Dead) fail_document_of(transaction, failure.key.id, error);
  if (state == JobState::Cancelled) fail_document_of(transaction, failure.key.id, kCancelledError);
  return state;
}

std::vector<Statement> release_statements(std::int64_t worker_id) {
  return {Statement(kDrain).bind(worker_id), Statement(kLockRunning).bind(worker_id),
          Statement(kFailCancelled).bind(worker_id, std::string(kCancelledError)),
          Statement(kRelease).bind(worker_id)};
}

std::int64_t rescue_worker(Transaction& transaction, std::int64_t worker_id,
                           const std::string& why) {
  const std::string cause = storable_text(why);
  const Rows crashed = transaction.run(Statement(kCrashed).bind(worker_id));
  for (int row = 0; row < crashed.count(); ++row) {
    const std::int64_t job_id = crashed.integer(row, 0);
    const JobBudget budget = read_budget(crashed, row, 1);
    const JobState state = after_crash(budget);
    end_attempt(transaction, {job_id, state, budget.crashes, cause, crash_backoff(budget.crashes)});
    if (state == JobState::Dead) {
      fail_document_of(transaction, job_id, crash_error(budget.crashes, cause));
    } else if (state == JobState::Cancelled) {
      fail_document_of(transaction, job_id, kCancelledError);
    }
  }
  failpoint(FaultStep::Rescuing);
  std::vector<Statement> rest = release_statements(worker_id);
  const std::size_t release = rest.size() - 1;
  rest.push_back(Statement(kDeleteWorker).bind(worker_id));
  const Results results = transaction.run(rest);
  return crashed.count() + results[release].affected();
}

Result<RetriedJob> retry_job(Transaction& transaction, std::int64_t id,
                             const std::optional<IdempotencyKey>& key) {
  std::optional<Created> earlier;
  if (key) {
    HOLDFAST_TRY_ASSIGN(earlier, reserve(transaction, *key));
  }
  const Rows locked = transaction.run(Statement(kLockJob).bind(id));
  if (locked.empty()) return fail(ErrorKind::NotFound, fmt::format("there is no job {}", id));
  const Job job = read_job(locked, 0);
  if (earlier) return RetriedJob{job, true};
  const Rows document = transaction.run(Statement(kWaitingDocument).bind(id));
  HOLDFAST_TRY(may_retry(job, !document.empty()));
  if (const Rows taken = transaction.run(Statement(kKeyTaken).bind(id)); !taken.empty()) {
    return fail(unique_key_taken(taken.text(0, 0)));
  }
  const bool was_over = is_final(job.state);
  const Rows retried = transaction.run(Statement(kRetry).bind(
      id, std::int64_t{was_over ? 0 : job.attempt},
      was_over ? crashes_after_retry(job.crashes) : std::int64_t{job.crashes}));
  if (was_over && !document.empty()) {
    transaction.run(Statement(kPendAgain).bind(document.integer(0, 0)));
  }
  if (key) remember(transaction, *key, Created{"", id});
  return RetriedJob{read_job(retried, 0), false};
}

}  // namespace holdfast::store::postgres
