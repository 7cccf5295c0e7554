// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ordered shutdown, within one absolute deadline D that is computed once:
//   T                    drain; the programs on which no other depends are asked to stop, then, as
//                        each is gone, those that it depended on
//   T + stop_budget(D)   SIGKILL to every process left
//   T + finish_after(D)  Finish in any case; the rest of D is left to the shell, to flush and exit
// The shares of D are in common/config/shutdown_shares.hpp.
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

inline constexpr std::chrono::seconds kFastStop{2};
// One request may arrive twice: `timeout` signals its child and then the whole group, and Ctrl-C
// reaches a whole group of which some (npm, sudo, make) pass it on.
inline constexpr std::chrono::seconds kEcho{1};

// Begins the shutdown unless it has begun.
void begin_shutdown(Machine& m, const std::string& why, std::optional<int> exit_code);
// Begins the shutdown. If it began kEcho ago or longer, makes it fast: stops everything at once,
// SIGKILL after kFastStop. In between it is the same request once more.
void on_shutdown_requested(Machine& m, const ShutdownRequested& event);
// Called by reconcile() for each program that changed.
void advance_shutdown(Machine& m, Program& program);
// Called after reconcile(): reports the stage that has begun, finishes when no process is left.
void conclude_shutdown(Machine& m);
void on_shutdown_kill(Machine& m);
void on_shutdown_finish(Machine& m);

}  // namespace holdfast::supervisor::core
