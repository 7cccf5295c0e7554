// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/claim_policy.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {

// A job due "now" that another worker is promoting must not make this one spin.
constexpr Duration kShortestSleep = std::chrono::milliseconds(1);

Duration time_to_sleep(const store::JobQueue::Peek& peeked, std::int64_t now_ms, Duration poll) {
  if (!peeked.next_at) return poll;
  // Compared in ms before the conversion, since a far date in nanoseconds would overflow.
  const std::int64_t until_due = *peeked.next_at - now_ms;
  const std::int64_t poll_ms = std::chrono::duration_cast<std::chrono::milliseconds>(poll).count();
  if (until_due > poll_ms) return poll;
  return std::max<Duration>(std::chrono::milliseconds(until_due), kShortestSleep);
}

bool is_busy(const ClaimState& state) {
  return state.in_work >= state.capacity ||
         (state.in_work >= state.threads && state.in_work > state.capacity / 2);
}

}  // namespace

NextStep next_step(const ClaimState& state, std::int64_t now_ms, Duration poll) {
  if (state.draining || state.step_pending) return {};
  if (!state.provider.takes_texts) {
    if (state.probing) return {};
    const Duration wait = state.provider.ask_again_in;
    if (wait <= Duration::zero()) return {Action::Probe, 0, {}};
    return {Action::Sleep, 0, std::clamp(wait, kShortestSleep, std::max(poll, kShortestSleep))};
  }
  if (state.backing_off) return {Action::Sleep, 0, poll};
  if (!state.registered) return {Action::Register, 0, {}};
  if (state.quarantined > 0) return {};
  // Results that the store is slow to take hold back new work: they would pile up in memory.
  if (is_busy(state) || state.settling >= 2 * state.capacity) return {};
  if (!state.peeked) return {Action::Peek, 0, {}};
  const bool due = state.peeked->next_at && *state.peeked->next_at <= now_ms;
  if (state.peeked->ready || due) return {Action::Claim, state.capacity - state.in_work, {}};
  return {Action::Sleep, 0, time_to_sleep(*state.peeked, now_ms, poll)};
}

std::uint32_t capacity(std::uint32_t concurrency, std::uint32_t batch,
                       std::optional<Duration> mean_job) {
  const std::uint32_t threads = std::max(concurrency, 1u);
  if (!mean_job || batch <= threads) return threads;
  const Duration each = std::max(*mean_job, Duration(1));
  const auto ahead = static_cast<std::uint64_t>(kAhead / each) * threads;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(ahead, threads, std::max(batch, threads)));
}

Duration smoothed(std::optional<Duration> mean, Duration latest) {
  return mean ? *mean + (latest - *mean) / 8 : latest;
}

}  // namespace holdfast::queue
