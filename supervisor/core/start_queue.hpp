// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may start, and in which order when there are more than supervisor.max_starting. First come,
// first served; but slots whose last process never became ready never hold the last place, so a
// broken program cannot keep a healthy one from being restarted. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Enters the slot into the queue if it wants a process and nothing but a place is missing; else
// takes it out.
void consider_start(Machine& m, const Program& program, Slot& slot);

// Takes back every start that the slot was to have, now or later.
void forget_start(Machine& m, Slot& slot);

// Starts from the queue while there are places.
void pump(Machine& m);

// Why a slot that wants a process has none; empty if there is no such reason.
std::string waiting_reason(const Machine& m, const Program& program, const Slot& slot);

}  // namespace holdfast::supervisor::core
