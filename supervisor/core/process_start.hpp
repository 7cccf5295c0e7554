// SPDX-License-Identifier: Apache-2.0
#pragma once

// The first part of a process's life: from the request to spawn it until it is ready, and the
// heartbeats after that. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Requests a new process: the slot's only one, or a second one beside the ready one if the slot
// wants a surge.
void begin_process(Machine& m, Program& program, Slot& slot);

void on_spawned(Machine& m, const Spawned& event);
void on_notified(Machine& m, const Notified& event);
void on_timeout_extended(Machine& m, const TimeoutExtended& event);
void on_not_ready_because(Machine& m, const NotReadyBecause& event);
void on_status_text(Machine& m, const StatusText& event);

// Recomputes the deadlines of a running process from the program's current thresholds.
void refresh_timers(Machine& m, Program& program, Slot& slot, Process& process);

}  // namespace holdfast::supervisor::core
