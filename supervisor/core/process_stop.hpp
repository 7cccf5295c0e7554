// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stopping a process: the stop signal, SIGKILL when its time is up, and the deadlines that ask for
// either. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Asks a process to stop: at once, or as soon as it has been spawned. A process that was asked
// before is not asked again, except that a planned stop is sent to one that was stopping of its own
// accord.
void terminate(Machine& m, Program& program, Slot& slot, Process& process, StopReason reason);
void terminate_all(Machine& m, Program& program, Slot& slot);  // planned; both processes of a slot
void kill(Machine& m, Program& program, Slot& slot, Process& process);  // SIGKILL to its group
// The process has exited and others of its worker are still there: they get the stop signal too,
// and what is left of its stop time, or a whole one if it was not being stopped.
void stop_leftovers(Machine& m, Program& program, Slot& slot, Process& process);

// Of two processes of a slot one may serve while the other one ends. If both end, the slot is what
// its newer process is.
void leave_ready(Machine& m, Slot& slot);

// A deadline of one process: Ready, Watchdog, Kill, Unkillable or Settle.
void on_process_deadline(Machine& m, const DeadlineKey& key);

}  // namespace holdfast::supervisor::core
