// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_rules.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace holdfast;
using namespace holdfast::store;
using namespace std::chrono_literals;
using Verdict = ClaimSelection::Verdict;

namespace {

JobBudget spent(std::int64_t attempts, std::int64_t crashes, bool cancel_requested = false) {
  return {attempts, 10, crashes, 3, cancel_requested};
}

}  // namespace

TEST_CASE("a failed job waits for its next attempt until its attempts are used up") {
  CHECK(after_failure(spent(1, 0), false) == JobState::Waiting);
  CHECK(after_failure(spent(9, 0), false) == JobState::Waiting);
  CHECK(after_failure(spent(10, 0), false) == JobState::Dead);
  CHECK(after_failure(spent(1, 2), false) == JobState::Waiting);
}

TEST_CASE("a permanent failure is not tried again") {
  CHECK(after_failure(spent(1, 0), true) == JobState::Dead);
}

TEST_CASE("crashes have a budget of their own") {
  CHECK(after_crash(spent(10, 1)) == JobState::Waiting);
  CHECK(after_crash(spent(1, 2)) == JobState::Waiting);
  CHECK(after_crash(spent(1, 3)) == JobState::Dead);
}

TEST_CASE("a job that should be cancelled is, however its attempt ended") {
  CHECK(after_failure(spent(10, 0, true), true) == JobState::Cancelled);
  CHECK(after_crash(spent(1, 3, true)) == JobState::Cancelled);
  CHECK(after_release(spent(1, 0, true)) == JobState::Cancelled);
  CHECK(after_release(spent(1, 0)) == JobState::Ready);
}

TEST_CASE("each crash makes the wait four times as long, up to an hour") {
  CHECK(crash_backoff(1) == 0ms);
  CHECK(crash_backoff(2) == 400ms);
  CHECK(crash_backoff(3) == 1600ms);
  CHECK(crash_backoff(8) == 1638400ms);
  CHECK(crash_backoff(9) == 1h);
  CHECK(crash_backoff(1'000'000) == 1h);
}

TEST_CASE("a claim takes jobs in order, up to its limit") {
  ClaimSelection selection(2, true);
  CHECK(selection.offer(0, 0ms) == Verdict::Take);
  CHECK(selection.offer(0, 0ms) == Verdict::Take);
  CHECK(selection.offer(0, 0ms) == Verdict::Stop);
}

TEST_CASE("a job that crashed a worker runs alone") {
  SECTION("an empty worker gets it and nothing else") {
    CHECK(ClaimSelection(3, false).offer(1, 0ms) == Verdict::TakeAlone);
  }
  SECTION("a worker that holds jobs passes it over for those behind it") {
    ClaimSelection selection(3, true);
    CHECK(selection.offer(1, 5s) == Verdict::Skip);
    CHECK(selection.offer(0, 0ms) == Verdict::Take);
  }
  SECTION("so does a claim that already took another job") {
    ClaimSelection selection(3, false);
    CHECK(selection.offer(0, 0ms) == Verdict::Take);
    CHECK(selection.offer(1, 0ms) == Verdict::Skip);
    CHECK(selection.offer(0, 0ms) == Verdict::Take);
  }
  SECTION("once it has waited long, busy workers take no more until they are empty") {
    CHECK(ClaimSelection(3, true).offer(1, 5001ms) == Verdict::Stop);
    CHECK(ClaimSelection(3, false).offer(1, 5001ms) == Verdict::TakeAlone);
  }
}

TEST_CASE("a claim of nothing gets nothing") {
  CHECK(ClaimSelection(0, false).offer(0, 0ms) == Verdict::Stop);
}

TEST_CASE("dead jobs are kept for a week at least, the others as long as asked") {
  for (const Retention& rule : retention_of_finished_jobs(24h)) {
    CAPTURE(to_string(rule.state));
    CHECK(rule.keep == (rule.state == JobState::Dead ? 7 * 24h : 24h));
  }
  for (const Retention& rule : retention_of_finished_jobs(30 * 24h))
    CHECK(rule.keep == 30 * 24h);
}

TEST_CASE("only dead, cancelled and waiting jobs whose document waits for them can be retried") {
  for (const JobState state : {JobState::Ready, JobState::Waiting, JobState::Running,
                               JobState::Done, JobState::Cancelled, JobState::Dead}) {
    Job job;
    job.kind = kEmbedJob;
    job.state = state;
    CAPTURE(to_string(state));
    const bool possible =
        state == JobState::Dead || state == JobState::Cancelled || state == JobState::Waiting;
    CHECK(may_retry(job, true).has_value() == possible);
    const auto orphaned = may_retry(job, false);
    REQUIRE_FALSE(orphaned);
    CHECK(orphaned.error().kind == ErrorKind::Conflict);
  }
}

TEST_CASE("a job is either unfinished, and can be cancelled, or finished, and can be discarded") {
  for (const JobState state : {JobState::Ready, JobState::Waiting, JobState::Running,
                               JobState::Done, JobState::Cancelled, JobState::Dead}) {
    Job job;
    job.state = state;
    CAPTURE(to_string(state));
    CHECK(may_cancel(job).has_value() == !is_final(state));
    CHECK(may_discard(job).has_value() == is_final(state));
  }
}

TEST_CASE("a quarantined job that is due after now has waited long: the clock was set back") {
  ClaimSelection selection(1, true);
  CHECK(selection.offer(1, -1h) == ClaimSelection::Verdict::Stop);
  CHECK(selection.offer(1, 1s) == ClaimSelection::Verdict::Skip);
}

TEST_CASE("a retried job that ever crashed its worker keeps one crash on record") {
  CHECK(crashes_after_retry(0) == 0);
  CHECK(crashes_after_retry(1) == 1);
  CHECK(crashes_after_retry(3) == 1);
}
