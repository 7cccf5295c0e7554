// SPDX-License-Identifier: Apache-2.0
#pragma once

// What happens to a slot whose process ended without having been asked to: restart at once, wait,
// slow down to the crash loop's pace, or leave it be. Pure: a table over (program, memory, ending).
//
// The crash loop is reached by either of two counts, so that no choice of delays, window and limit
// lets a worker fail for ever at speed (PM2's limit is defeated by any restart delay above 1 s,
// systemd's 5 in 10 s by RestartSec above 2 s):
//   - crash_loop_exits unplanned ends within crash_loop_window, or
//   - crash_loop_exits in a row, none of which had stayed ready for settled_after, however slow.
// Floors: "settled" takes at least 1 s of being ready, a back-off at least 10 ms, the crash loop's
// pause at least 1 s; so zeros in the configuration cannot make it spin.

#include "supervisor/core/random.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace holdfast::supervisor::core {

inline constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h

// What a slot remembers of its failures.
struct RestartMemory {
  std::uint32_t attempt = 0;    // steps of the back-off taken since it started over
  std::uint32_t in_a_row = 0;   // unplanned ends since one had settled
  std::deque<MonoTime> recent;  // unplanned ends, at most crash_loop_exits of them
  bool crash_loop = false;
  // A crash loop was reported, then, and its end was not yet.
  std::optional<MonoTime> announced_at;

  // A person said "start": count anew, but still tell them when the announced loop is over.
  void forget() { *this = RestartMemory{0, 0, {}, false, announced_at}; }
};

// An end that nobody had planned.
struct Ending {
  std::optional<ExitStatus> status;  // none: the spawn failed
  bool by_us = false;                // stopped for being hung or not ready in time
  Duration ready_for{};              // how long it had been ready
};

enum class Verdict {
  Restart,    // at once
  Backoff,    // after `delay`
  CrashLoop,  // after `delay`, the slow pace
  Leave,      // a clean end that the policy does not restart
  Done,       // a oneshot's success
  Fail,       // stays down until a person acts
};

struct Decision {
  Verdict verdict = Verdict::Restart;
  Duration delay{};
  bool entered_crash_loop = false;  // with this end, not before
};

Duration settled_time(const config::Program& program);
Duration crash_loop_pause(const config::Program& program);
Duration backoff_delay(const config::Program& program, std::uint32_t attempt, Random& random);

Decision decide(const config::Program& program, RestartMemory& memory, const Ending& ending,
                MonoTime now, Random& random);

}  // namespace holdfast::supervisor::core
