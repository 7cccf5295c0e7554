// SPDX-License-Identifier: Apache-2.0
#pragma once

// The order of starts when more are wanted than supervisor.max_starting allows.
//
// The restart of what had been ready never waits for first starts: restarts have max_starting
// places of their own, and so have first starts. In each, required programs come before optional
// ones, and then it is first come, first served. The second process of a roll counts as a first
// start, because nothing is down without it. Slots whose last process never became ready come last
// and never get the last place, so a broken program cannot keep a healthy one from being started.
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Queues the slot if it wants a process and lacks nothing but a place; else takes it out.
void consider_start(Machine& m, const Program& program, Slot& slot);

// Cancels every start of the slot that is queued or due later.
void cancel_start(Machine& m, Slot& slot);

// Starts processes from the queue as long as max_starting allows.
void start_from_queue(Machine& m);

// Why a slot that wants a process has none; empty if there is no such reason.
std::string waiting_reason(const Machine& m, const Program& program, const Slot& slot);

}  // namespace holdfast::supervisor::core
