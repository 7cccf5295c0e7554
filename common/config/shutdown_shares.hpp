// SPDX-License-Identifier: Apache-2.0
#pragma once

// How [supervisor] shutdown_deadline is divided, from the moment that the shutdown begins:
//
//   0 to 25/30    programs stop by themselves, in order
//   25/30         SIGKILL to whatever is left
//   28/30         the core gives up on what even SIGKILL did not end
//   28/30 to 1    the supervisor delivers the last alerts, ends what workers left behind, writes
//   the
//                 last log lines, and exits
//
// The core acts on it, the daemon fits its own end into it, and validation warns of programs whose
// stop_timeout does not fit. All three may include this folder, so it is said here.
//
// Threads: pure functions.

#include "common/base/clock.hpp"

#include <algorithm>

namespace holdfast::config {

// Divided first, so that no deadline overflows.
constexpr Duration thirtieths(Duration deadline, int count) {
  return std::max(deadline, Duration::zero()) / 30 * count;
}

// How long programs have to stop before SIGKILL.
constexpr Duration stop_budget(Duration shutdown_deadline) {
  return thirtieths(shutdown_deadline, 25);
}

// The shortest deadline, in whole seconds, that leaves programs `budget` to stop.
constexpr Duration deadline_for(Duration budget) {
  return std::chrono::ceil<std::chrono::seconds>(std::max(budget, Duration::zero()) / 25 * 30);
}

// When the core finishes, whatever is left.
constexpr Duration finish_after(Duration shutdown_deadline) {
  return thirtieths(shutdown_deadline, 28);
}

// How long the supervisor may spend on processes that outlived their workers.
constexpr Duration leftovers_budget(Duration shutdown_deadline) {
  return std::min<Duration>(thirtieths(shutdown_deadline, 1), std::chrono::seconds(1));
}

// Until when the last alerts are delivered, once the fleet has stopped at `now`: for five seconds,
// or until what follows needs the rest of a shutdown that began at `began` (the leftovers' budget,
// and half a share for the log); but for half a share.
constexpr MonoTime alerts_deadline(MonoTime began, MonoTime now, Duration shutdown_deadline) {
  const Duration share = thirtieths(shutdown_deadline, 1);
  const MonoTime rest = began + shutdown_deadline - leftovers_budget(shutdown_deadline) - share / 2;
  const MonoTime latest = std::max(rest, now + share / 2);
  return std::min(now + Duration(std::chrono::seconds(5)), latest);
}

// How long a container's runtime must wait before its own SIGKILL, so that the deadline is the
// supervisor's to keep.
constexpr Duration needed_grace(Duration shutdown_deadline) {
  return shutdown_deadline + std::chrono::seconds(1);
}

}  // namespace holdfast::config
