// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ordered end of everything, inside one absolute deadline D that is computed once:
//   T          drain; the programs on which no other depends are told to stop, then, as each is
//              gone, those that it depended on
//   T + 25/30 D  SIGKILL to whatever is left
//   T + 28/30 D  Finish, whatever is left; the rest of D is the shell's, to flush and exit
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

inline constexpr int kExitHopeless = 70;  // EX_SOFTWARE of sysexits.h
inline constexpr std::chrono::seconds kFastStop{2};

// Begins it; if it has begun, does nothing.
void begin_shutdown(Machine& m, const std::string& why, std::optional<int> exit_code);
// Begins it, or takes the fast path if it has begun: everything is told at once, SIGKILL after 2 s.
void on_shutdown_requested(Machine& m, const ShutdownRequested& event);
// Called by settle() for each program that changed.
void advance_shutdown(Machine& m, Program& program);
// Called when all is settled: reports the stage that has begun, finishes when all are gone.
void conclude_shutdown(Machine& m);
void on_shutdown_kill(Machine& m);
void on_shutdown_finish(Machine& m);

}  // namespace holdfast::supervisor::core
