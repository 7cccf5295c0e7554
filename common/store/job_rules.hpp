// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rules of the job queue that hold for every engine: what becomes of a job that failed or
// crashed its worker, which jobs a claim takes, how long finished jobs are kept. An engine reads
// the rows, asks here, and writes the answer in the same transaction.
//
// Threads: pure functions; a ClaimSelection belongs to one thread.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/store/types.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::store {

// How many due jobs one claim promotes, and how many ready jobs it reads beyond its limit to get
// past those that must run alone.
inline constexpr std::int64_t kPromoteBatch = 500;
inline constexpr std::int64_t kClaimLookahead = 1000;
// How many jobs, and how many idempotency keys, one prune() deletes at most.
inline constexpr std::int64_t kPruneBatch = 1000;

// The priority of the jobs of JobQueue::enqueue_outdated(): after what anybody waits for.
inline constexpr std::int64_t kOutdatedPriority = 1000;

// Which documents enqueue_outdated() is about.
struct OutdatedRequest {
  std::string vector_space;  // that they should have
  std::int64_t limit = 0;    // of the jobs that wait
  Duration age{};            // they were embedded longer ago
};

// What has been spent on a job, and what it may spend.
struct JobBudget {
  std::int64_t attempts = 0;
  std::int64_t max_attempts = 0;
  std::int64_t crashes = 0;
  std::int64_t max_crashes = 0;
  bool cancel_requested = false;
};

// After a failed attempt, which `attempts` includes: Waiting, Dead or Cancelled.
JobState after_failure(const JobBudget& budget, bool permanent);
// After its worker died while running it; `crashes` includes this crash.
JobState after_crash(const JobBudget& budget);
// After its worker gave it back unfinished: Ready or Cancelled.
JobState after_release(const JobBudget& budget);

// The wait before the next attempt after the nth crash: none after the first, since most jobs that
// are held by a worker when it dies have not killed it; then 400 ms, and four times as long each
// time, at most an hour.
Duration crash_backoff(std::int64_t crashes);
// What the document of a job says that died of its crashes.
std::string crash_error(std::int64_t crashes, std::string_view cause);

// A job with this unique key is not finished: Conflict.
Error unique_key_taken(std::string_view unique_key);

// What the document of a job says that was cancelled at somebody's request.
inline constexpr const char* kCancelledError = "its job was cancelled";

// Whether a person may retry, cancel or discard the job: Conflict if it is in no state for it
// (states_for), or if it is to be retried and no document waits for its result any more.
Result<void> may_retry(const Job& job, bool has_document);
Result<void> may_cancel(const Job& job);
Result<void> may_discard(const Job& job);
// The crashes that stay on record when a dead job is retried: one, so that it still runs alone.
std::int64_t crashes_after_retry(std::int64_t crashes);

// Chooses the jobs of one claim. The engine offers the ready jobs in order of priority, then age.
//
// A job that crashed a worker is quarantined: it runs alone, so that it takes no neighbour along.
// Only a worker that holds nothing gets it, and it gets nothing else. A busy worker passes it over
// for the jobs behind it, but only for a while: then it takes no more until it is empty.
class ClaimSelection {
 public:
  enum class Verdict {
    Take,       // take it, and offer the next
    TakeAlone,  // take it; nothing else
    Skip,       // leave it to others, and offer the next
    Stop,       // leave it; the claim ends here
  };

  ClaimSelection(std::uint32_t limit, bool worker_holds_jobs)
      : limit_(limit), worker_is_busy_(worker_holds_jobs) {}

  // `due_for`: how long ago the job became due. Less than nothing: the clock was set back since.
  Verdict offer(std::int64_t crashes, Duration due_for);

 private:
  std::uint32_t limit_;
  std::uint32_t taken_ = 0;
  bool worker_is_busy_;
};

// How long jobs that ended in `state` are kept.
struct Retention {
  JobState state;
  Duration keep;
};
// Dead jobs stay for a week at least: somebody may want to look into them.
std::array<Retention, 3> retention_of_finished_jobs(Duration keep);

}  // namespace holdfast::store
