// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_rules.hpp"

#include <algorithm>

namespace holdfast::store {

namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstCrashBackoff = 100ms;
constexpr Duration kLongestCrashBackoff = 1h;
constexpr Duration kQuarantinePatience = 5s;
constexpr Duration kKeepDeadJobs = 7 * 24h;

}  // namespace

JobState after_failure(const JobBudget& budget, bool permanent) {
  if (budget.cancel_requested) return JobState::Cancelled;
  if (permanent || budget.attempts >= budget.max_attempts) return JobState::Dead;
  return JobState::Waiting;
}

JobState after_crash(const JobBudget& budget) {
  if (budget.cancel_requested) return JobState::Cancelled;
  return budget.crashes >= budget.max_crashes ? JobState::Dead : JobState::Waiting;
}

JobState after_release(const JobBudget& budget) {
  return budget.cancel_requested ? JobState::Cancelled : JobState::Ready;
}

Duration crash_backoff(std::int64_t crashes) {
  Duration wait = kFirstCrashBackoff;
  for (std::int64_t i = 1; i < crashes && wait < kLongestCrashBackoff; ++i)
    wait *= 4;
  return std::min(wait, kLongestCrashBackoff);
}

std::string crash_error(std::int64_t crashes, std::string_view cause) {
  return fmt::format("the worker died {} times while running this job; last cause: {}", crashes,
                     cause);
}

Result<void> may_retry(const Job& job, bool has_document) {
  if (job.state != JobState::Dead && job.state != JobState::Waiting) {
    return fail(ErrorKind::Conflict, fmt::format("job {} is {}: only dead and waiting jobs can be "
                                                 "retried",
                                                 job.id, to_string(job.state)));
  }
  if (job.kind == kEmbedJob && !has_document) {
    return fail(ErrorKind::Conflict,
                fmt::format("the document of job {} has been deleted or replaced", job.id));
  }
  return {};
}

std::int64_t crashes_after_retry(std::int64_t crashes) {
  return std::min<std::int64_t>(crashes, 1);
}

ClaimSelection::Verdict ClaimSelection::offer(std::int64_t crashes, Duration due_for) {
  if (taken_ >= limit_) return Verdict::Stop;
  if (crashes == 0) {
    ++taken_;
    return Verdict::Take;
  }
  if (!worker_is_busy_ && taken_ == 0) return Verdict::TakeAlone;
  return due_for > kQuarantinePatience ? Verdict::Stop : Verdict::Skip;
}

std::array<Retention, 3> retention_of_finished_jobs(Duration keep) {
  return {Retention{JobState::Done, keep}, Retention{JobState::Cancelled, keep},
          Retention{JobState::Dead, std::max(keep, kKeepDeadJobs)}};
}

}  // namespace holdfast::store
