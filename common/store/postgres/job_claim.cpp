// SPDX-License-Identifier: Apache-2.0
// Handing out jobs.
#include "common/base/failpoint.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/now.hpp"
#include "common/store/postgres/job_rows.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store::postgres {

namespace {

// Waits for a rescue or a release of this worker, and they for us: a worker that was declared dead
// or is leaving gets nothing, not even by a claim that was under way.
constexpr std::string_view kLockWorker =
    "SELECT draining, EXISTS(SELECT 1 FROM holdfast.queue_ctl WHERE queue = $2 AND paused)"
    " FROM holdfast.worker WHERE id = $1 FOR NO KEY UPDATE";
constexpr std::string_view kHolding = statement<
    "SELECT count(*), count(*) FILTER (WHERE crashes > 0) FROM holdfast.job"
    " WHERE state = {job.running} AND worker_id = $1">;
constexpr std::string_view kPromote = statement<
    "UPDATE holdfast.job SET state = {job.ready} WHERE id = ANY(ARRAY("
    "SELECT id FROM holdfast.job WHERE state = {job.waiting} AND queue = $1"
    " AND run_at <= holdfast.now_ms() ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED))">;
// The server's clock was set back behind the moment at which these began to wait: they wait for as
// long as they were told to, from now on.
constexpr std::string_view kWaitFromNow = statement<
    "UPDATE holdfast.job SET run_at = now + run_at - waits_since, waits_since = now"
    " FROM holdfast.now_ms() AS now WHERE id = ANY(ARRAY(SELECT id FROM holdfast.job"
    " WHERE state = {job.waiting} AND queue = $1 AND waits_since > holdfast.now_ms()"
    " LIMIT $2 FOR UPDATE SKIP LOCKED))">;
// What others are just claiming is passed over. From a place in the line on, for what must be
// looked at beyond the jobs that have to run alone.
constexpr std::string_view kNext =
    statement<"SELECT " HOLDFAST_JOB_COLUMNS
              ", holdfast.now_ms() FROM holdfast.job"
              " WHERE state = {job.ready} AND queue = $1 AND (priority, id) > ($2, $3)"
              " AND kind <> ALL(ARRAY(SELECT kind FROM holdfast.paused_kind WHERE queue = $1))"
              " ORDER BY priority, id LIMIT $4 FOR UPDATE SKIP LOCKED">;
constexpr std::string_view kTake = statement<
    "UPDATE holdfast.job SET state = {job.running}, fence = fence + 1,"
    " attempt = attempt + 1, worker_id = $2, started_at = holdfast.now_ms(),"
    " deadline_at = holdfast.now_ms() + coalesce(timeout, $3) WHERE id = ANY($1)">;

struct Line {
  std::int64_t priority = std::numeric_limits<std::int32_t>::min();
  std::int64_t id = 0;
};

Statement next(const ClaimRequest& request, const Line& from, std::int64_t wanted) {
  return Statement(kNext).bind(request.queue, from.priority, from.id, wanted);
}

// `rows`: the first of the line. A job that must run alone ends the choice with itself.
std::vector<Job> choose(Transaction& transaction, const ClaimRequest& request, bool holds_others,
                        Rows rows) {
  ClaimSelection selection(request.limit, holds_others);
  std::vector<Job> chosen;
  Line from;
  std::int64_t lookahead = kClaimLookahead;
  std::int64_t wanted = request.limit;
  for (;;) {
    for (int row = 0; row < rows.count(); ++row) {
      Job job = read_job(rows, row);
      from = {job.priority, job.id};
      job.started_at = rows.integer(row, kJobColumns);
      const Duration due_for = std::chrono::milliseconds(*job.started_at - job.run_at);
      switch (selection.offer(job.crashes, due_for)) {
        case ClaimSelection::Verdict::Take: chosen.push_back(std::move(job)); break;
        case ClaimSelection::Verdict::TakeAlone: return {std::move(job)};
        case ClaimSelection::Verdict::Skip: --lookahead; break;
        case ClaimSelection::Verdict::Stop: return chosen;
      }
    }
    if (rows.count() < wanted || chosen.size() >= request.limit || lookahead <= 0) return chosen;
    wanted = static_cast<std::int64_t>(request.limit) - static_cast<std::int64_t>(chosen.size());
    rows = transaction.run(next(request, from, wanted));
  }
}

void take(Transaction& transaction, std::vector<Job>& jobs, const ClaimRequest& request) {
  if (jobs.empty()) return;
  std::vector<std::int64_t> ids;
  for (Job& job : jobs) {
    // The row is locked: it is as it was read.
    job.state = JobState::Running;
    ++job.fence;
    ++job.attempt;
    ids.push_back(job.id);
  }
  transaction.run(Statement(kTake).bind(ids, request.worker_id, to_ms(request.timeout)));
}

}  // namespace

Result<std::vector<Job>> claim_jobs(Transaction& transaction, const ClaimRequest& request) {
  // All at once: each exchange with the server is a wait for the network. What it gives to nobody
  // in the end is locked until then only.
  const std::vector<Statement> opening{
      Statement(kLockWorker).bind(request.worker_id, request.queue),
      Statement(kHolding).bind(request.worker_id),
      Statement(kWaitFromNow).bind(request.queue, kPromoteBatch),
      Statement(kPromote).bind(request.queue, kPromoteBatch), next(request, {}, request.limit)};
  Results results = transaction.run(opening);
  const Rows& worker = results[0];
  if (worker.empty()) {
    return fail(
        ErrorKind::Conflict,
        fmt::format("worker {} was declared dead: it owns no jobs any more", request.worker_id));
  }
  const bool draining = worker.boolean(0, 0);
  const bool paused = worker.boolean(0, 1);
  if (draining || paused || request.limit == 0) return std::vector<Job>{};
  const bool holds_crashed = results[1].integer(0, 1) > 0;
  if (holds_crashed) return std::vector<Job>{};
  const bool holds_others = results[1].integer(0, 0) > 0;
  std::vector<Job> jobs = choose(transaction, request, holds_others, std::move(results[4]));
  take(transaction, jobs, request);
  if (!jobs.empty()) failpoint(FaultStep::ClaimWritten);
  return jobs;
}

}  // namespace holdfast::store::postgres
