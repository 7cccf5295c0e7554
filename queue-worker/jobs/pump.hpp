// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the queue worker does next, decided apart from clocks and databases.
//
// The loop asks again after everything that happens: the doorbell, a timer, a claim that returned,
// a job that ended. Claims are writes, so a claim is made only after a look (a read) found
// something to claim: an idle worker never writes.
//
// Jobs whose worker died under them run alone ("quarantine"), so that a job that kills its worker
// takes no neighbour along. While one waits or runs, nothing else is claimed.
//
// Threads: pure functions.

#include "common/base/clock.hpp"

#include <cstdint>
#include <optional>

namespace holdfast::queue {

// What the last look at the queue found.
struct Look {
  bool ready = false;
  std::optional<std::int64_t> next_at;  // when the earliest waiting job is due, Unix ms
};

struct PumpState {
  bool draining = false;
  bool registered = false;
  bool claiming = false;         // a claim is on its way
  bool disappointed = false;     // the last claim found nothing, or failed: wait before the next
  std::uint32_t capacity = 1;    // jobs that may be in work, see capacity()
  std::uint32_t in_work = 0;     // claimed and not yet computed
  std::uint32_t quarantine = 0;  // of these, jobs that must run alone
  std::uint32_t settling = 0;    // computed, their result not yet stored
  std::optional<Look> look;      // nullopt: not looked since something changed
};

enum class Step {
  Nothing,   // whatever is awaited will ask again
  Register,  // this process is not known to the queue, or no longer
  Look,
  Claim,
  Sleep,  // until the doorbell rings, but for `sleep` at most
};

struct Decision {
  Step step = Step::Nothing;
  std::uint32_t limit = 0;  // of Claim
  Duration sleep{};         // of Sleep
  bool operator==(const Decision&) const = default;
};

// `now_ms`: Unix ms. `poll`: the longest sleep, jitter included.
Decision decide(const PumpState& state, std::int64_t now_ms, Duration poll);

// How many jobs may be in work at a time. One per thread, as a rule: a job claimed ahead is a job
// that no other worker can take, and its deadline runs. Jobs so short that `batch` of them are done
// within kAhead are claimed ahead, since then the commits would cost more than the work.
inline constexpr Duration kAhead = std::chrono::milliseconds(50);
std::uint32_t capacity(std::uint32_t concurrency, std::uint32_t batch,
                       std::optional<Duration> mean_job);

// The moving mean of the time that jobs take: each new one counts for an eighth (as RFC 6298's
// smoothed round-trip time).
Duration smoothed(std::optional<Duration> mean, Duration latest);

}  // namespace holdfast::queue
