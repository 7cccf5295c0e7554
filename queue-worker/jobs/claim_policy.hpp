// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the queue worker does next, decided without clocks and databases.
//
// The loop asks again after every event: the doorbell, a timer, a claim that returned, a job that
// ended. Claims are writes, so one is made only after a peek (a read) found something to claim: an
// idle worker never writes. A wave that was as large as it could be is followed by the next without
// a look.
//
// Jobs that are claimed ahead (capacity()) are claimed in waves, when half of the last one is
// worked on: a claim for each job that ends would cost as many transactions as there are jobs.
//
// Jobs that crashed their worker run alone ("quarantined"), so that such a job takes no neighbour
// along. While one waits or runs here, nothing else is claimed.
//
// While the embedding provider takes no texts nothing is claimed: the jobs would only use up their
// attempts.
//
// Threads: pure functions.

#include "common/base/clock.hpp"
#include "common/embedding/provider.hpp"
#include "common/store/store.hpp"

#include <cstdint>
#include <optional>

namespace holdfast::queue {

struct ClaimState {
  bool draining = false;
  bool registered = false;
  bool step_pending = false;  // a peek, claim or registration is on its way to the store
  bool backing_off = false;   // the last one failed or found nothing: wait before the next
  bool probing = false;       // the provider is being asked whether it takes texts again
  embedding::ProviderState provider;
  std::uint32_t threads = 1;                    // that work on jobs
  std::uint32_t capacity = 1;                   // jobs that may be in work, see capacity()
  std::uint32_t in_work = 0;                    // claimed, and the work not finished
  std::uint32_t quarantined = 0;                // jobs held that must run alone
  std::uint32_t settling = 0;                   // worked on, their result not yet stored
  std::optional<store::JobQueue::Peek> peeked;  // nullopt: not since something changed
};

enum class Action {
  Wait,      // for an event that is certain to come
  Register,  // this process is not known to the queue, or no longer
  Peek,
  Claim,
  Probe,  // ask the provider whether it takes texts again
  Sleep,  // until the doorbell rings, but for `sleep` at most
};

struct NextStep {
  Action action = Action::Wait;
  std::uint32_t limit = 0;  // of Claim
  Duration sleep{};         // of Sleep
  bool operator==(const NextStep&) const = default;
};

// `now_ms`: Unix ms. `poll`: the longest sleep, jitter included.
NextStep next_step(const ClaimState& state, std::int64_t now_ms, Duration poll);

// How many jobs may be in work at a time. One per thread, as a rule: a job claimed ahead is a job
// that no other worker can take, and its deadline runs. Jobs so short that `batch` of them are done
// within kAhead are claimed ahead, since otherwise the commits would cost more than the work.
inline constexpr Duration kAhead = std::chrono::milliseconds(50);
std::uint32_t capacity(std::uint32_t concurrency, std::uint32_t batch,
                       std::optional<Duration> mean_job);

// The moving mean of the time that jobs take: each new one counts for an eighth (as RFC 6298's
// smoothed round-trip time).
Duration smoothed(std::optional<Duration> mean, Duration latest);

}  // namespace holdfast::queue
