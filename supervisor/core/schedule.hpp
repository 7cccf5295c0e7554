// SPDX-License-Identifier: Apache-2.0
#pragma once

// Oneshots that run at times. The core knows no calendar: it asks for the next time with PlanRun
// and is answered with RunPlanned, in monotonic time; the shell corrects that when clocks are set.
//
//   due, and idle or between two tries   it runs
//   due, and running                     `overlap`: the run is skipped, waits until the other has
//                                        ended (one at most), or replaces it
//   due, and stopped by a command        nothing; the next time is planned all the same
//   due, and not released yet            it runs once its dependencies are ready
//
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

void on_run_planned(Machine& m, const RunPlanned& event);
void on_runs_missed(Machine& m, const RunsMissed& event);
void on_run_due(Machine& m, const DeadlineKey& key);

// Asks for the next time. `due`: the planned one has come.
void plan_run(Machine& m, const Program& program, bool due);
// Whether two configurations of a program run at the same times.
bool same_times(const config::Program& a, const config::Program& b);

// Starts a run in the slot, which has no process, now or once its program is released.
void begin_run(Machine& m, Slot& slot);
// A process of the program has ended, and not because it was told to.
void note_run_end(Machine& m, Program& program, const Process& process, bool ok);
// Starts the run that has waited for the one before it. Called by reconcile().
void advance_runs(Machine& m, Program& program);
// No run is due any more: the program is removed, or the fleet is shut down.
void forget_runs(Machine& m, Program& program);

// `start` and `restart` of a program with a schedule. Returns false if these do what they do for
// any other program: it was named itself.
bool leave_to_schedule(Machine& m, const Order& order, Program& program);

}  // namespace holdfast::supervisor::core
