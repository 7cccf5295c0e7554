// SPDX-License-Identifier: Apache-2.0
#pragma once

// What happens to a slot whose process exited without having been asked to: restart at once, back
// off, slow down to the crash loop's pace, or stay down. Pure: a function of the program's
// settings, the slot's memory of earlier failures, and this exit.
//
// Either of two counts leads to the crash loop, so that no combination of delays, window and limit
// lets a worker fail rapidly for ever (PM2's limit is defeated by any restart delay above 1 s,
// systemd's 5 in 10 s by RestartSec above 2 s):
//   - crash_loop_exits unplanned exits within crash_loop_window, or
//   - crash_loop_exits in a row, none of which had stayed ready for settled_after, however slowly.
// Lower bounds keep zeros in the configuration from causing a spin: "settled" takes at least 1 s of
// being ready, a back-off at least 10 ms, the crash loop's pause at least 1 s.

#include "supervisor/core/random.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace holdfast::supervisor::core {

// What a slot remembers of its failures.
struct RestartMemory {
  std::uint32_t attempt = 0;    // steps of the back-off since it was reset
  std::uint32_t in_a_row = 0;   // unplanned exits since the last process that had settled
  std::deque<MonoTime> recent;  // unplanned exits, at most crash_loop_exits of them
  bool crash_loop = false;
  std::optional<MonoTime> announced_at;  // a crash loop was reported then; its end was not yet
  std::deque<MonoTime> restarts;         // of the last hour, if max_restarts_per_hour is set

  // A process has settled: all counts are at zero but that of the last hour's restarts.
  void settle() { *this = RestartMemory{0, 0, {}, false, {}, std::move(restarts)}; }
  // For a start by command: counts anew, but still reports the end of an announced crash loop.
  void forget() { *this = RestartMemory{0, 0, {}, false, announced_at, {}}; }
};

struct UnplannedExit {
  std::optional<ExitStatus> status;  // none: the spawn failed
  bool by_us = false;                // stopped for being hung or not ready in time
  Duration ready_for{};              // how long it had been ready
};

enum class RestartAction {
  Now,
  Backoff,    // after `delay`
  CrashLoop,  // after `delay`, the slow pace
  Leave,      // a clean exit that the policy does not restart
  Done,       // a oneshot's success
  Fail,       // stays down until a person acts
};

struct RestartDecision {
  RestartAction action = RestartAction::Now;
  Duration delay{};
  bool entered_crash_loop = false;  // with this exit, not before
  bool too_many_restarts = false;   // Fail: max_restarts_per_hour allows no other
};

// Whether this is no failure: exit 0 or one of success_exit_codes.
bool is_success(const config::Program& program, const ExitStatus& status);

Duration settled_time(const config::Program& program);
Duration crash_loop_pause(const config::Program& program);
Duration backoff_delay(const config::Program& program, std::uint32_t attempt, Random& random);

RestartDecision decide_restart(const config::Program& program, RestartMemory& memory,
                               const UnplannedExit& exit, MonoTime now, Random& random);

}  // namespace holdfast::supervisor::core
