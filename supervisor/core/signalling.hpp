// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signals that do not ask a process to stop: those of a person, and reload_signal, which tells a
// program that takes a new configuration by itself that there may be one. Private to
// supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Sends a person's signal to the processes of the order's slots, and answers the order.
void send_signal(Machine& m, const Order& order, Program& program);

// Tells every ready process that the reload does not replace; one that is starting hears of it once
// it is ready. Adds a line for each program that was told to `lines`. Called by a reload when it
// knows what it has to replace.
void send_reload_signals(Machine& m, std::vector<std::string>& lines);
// Tells one process. To the process alone: a program passes a reload on to its own children.
void send_reload_signal(Machine& m, const Program& program, const Slot& slot, Process& process);

}  // namespace holdfast::supervisor::core
