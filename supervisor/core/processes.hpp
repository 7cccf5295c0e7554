// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of one process in a slot: from Spawn to its end. Private to supervisor/core. All
// functions take records of the same Machine; they mark what they change and leave the follow-up
// (next starts, rolls, stages) to settle().

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// process_start.cpp
// Asks for a new process: the slot's only one, or beside the ready one if the slot wants a surge.
void begin_process(Machine& m, Program& program, Slot& slot);
void on_spawned(Machine& m, const Spawned& event);
void on_notified(Machine& m, const Notified& event);
void on_status_text(Machine& m, const StatusText& event);
// Sets the timers of a process anew from the program's present thresholds.
void refresh_timers(Machine& m, Program& program, Slot& slot, Process& process);

// process_stop.cpp
// Tells a process to stop, at once or as soon as it is there. Told before: only a planned stop of
// one that was going by its own will says it again.
void terminate(Machine& m, Program& program, Slot& slot, Process& process, StopReason reason);
void terminate_all(Machine& m, Program& program, Slot& slot);  // planned
void kill(Machine& m, Program& program, Slot& slot, Process& process);
// What is due for a process; false if the process is gone.
void on_process_deadline(Machine& m, const DeadlineKey& key);

// process_end.cpp
void on_exited(Machine& m, const Exited& event);
void on_spawn_failed(Machine& m, const SpawnFailed& event);

// Where an identity leads: all null if it is unknown or gone.
struct Found {
  Program* program = nullptr;
  Slot* slot = nullptr;
  Process* process = nullptr;
  explicit operator bool() const { return process != nullptr; }
};
Found find_process(Machine& m, const ProcessId& id);

}  // namespace holdfast::supervisor::core
