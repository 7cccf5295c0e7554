// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_rules.hpp"

#include <algorithm>

namespace holdfast::store {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSecondCrashBackoff = 400ms;
constexpr Duration kLongestCrashBackoff = 1h;
constexpr Duration kQuarantinePatience = 5s;
constexpr Duration kKeepDeadJobs = 7 * 24h;

Result<void> check_state(const Job& job, JobAction action, std::string_view rule) {
  const std::vector<JobState> states = states_for(action);
  if (std::find(states.begin(), states.end(), job.state) != states.end()) return {};
  return fail(ErrorKind::Conflict,
              fmt::format("job {} is {}: {}", job.id, to_string(job.state), rule));
}

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
  if (crashes <= 1) return Duration::zero();
  Duration wait = kSecondCrashBackoff;
  for (std::int64_t i = 2; i < crashes && wait < kLongestCrashBackoff; ++i)
    wait *= 4;
  return std::min(wait, kLongestCrashBackoff);
}

std::string crash_error(std::int64_t crashes, std::string_view cause) {
  return fmt::format("the worker died {} times while running this job; last cause: {}", crashes,
                     cause);
}

Error unique_key_taken(std::string_view unique_key) {
  return {ErrorKind::Conflict,
          fmt::format("another job with the unique key '{}' is not finished", unique_key)};
}

Result<void> may_retry(const Job& job, bool has_document) {
  HOLDFAST_TRY(check_state(job, JobAction::Retry,
                           "only dead, cancelled and waiting jobs can be "
                           "retried"));
  if (job.kind == kEmbedJob && !has_document) {
    return fail(ErrorKind::Conflict,
                fmt::format("the document of job {} has been deleted or replaced", job.id));
  }
  return {};
}

Result<void> may_cancel(const Job& job) {
  return check_state(job, JobAction::Cancel, "a finished job cannot be cancelled");
}

Result<void> may_discard(const Job& job) {
  return check_state(job, JobAction::Discard,
                     "only finished jobs can be discarded: cancel it first");
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
  const bool long_due = due_for > kQuarantinePatience || due_for < Duration::zero();
  return long_due ? Verdict::Stop : Verdict::Skip;
}

std::array<Retention, 3> retention_of_finished_jobs(Duration keep) {
  return {Retention{JobState::Done, keep}, Retention{JobState::Cancelled, keep},
          Retention{JobState::Dead, std::max(keep, kKeepDeadJobs)}};
}

}  // namespace holdfast::store
