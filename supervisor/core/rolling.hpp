// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rolling restarts: one slot of a program after the other gets a new process, which must be ready
// before the old one is asked to stop. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// `request`: who gets the Reply when the roll is over. The program must not be rolling.
void start_roll(Machine& m, Program& program, std::deque<std::uint32_t> slots,
                std::optional<std::uint64_t> request);
// A roll of these slots for the reload under way, which hears how it ends; takes over a roll that
// is under way. Returns false if there is nothing to roll.
bool start_reload_roll(Machine& m, Program& program, std::deque<std::uint32_t> slots);

// Takes all steps that can be taken now. Called by reconcile().
void advance_roll(Machine& m, Program& program);

// A process that the roll has started has failed: the roll will be aborted.
void fail_roll(Machine& m, Program& program, const Slot& slot, std::uint64_t incarnation,
               std::string why);
// A process that the roll waits for does not exit: the roll will be aborted.
void stall_roll(Machine& m, Program& program, const Slot& slot, const std::string& why);
// Whether the slot starts again what this process, which has failed, had replaced: that was stopped
// first, and made from something else. The roll is aborted when it is ready.
bool is_restored(const Program& program, const Slot& slot, const Process& failed);
// Takes a slot that was stopped or removed out of the roll.
void leave_roll(Machine& m, Program& program, Slot& slot);
// Whether the roll can be ended without a trace, for another one to begin: no slot has two
// processes that serve, and nothing else depends on it.
bool can_supersede_roll(const Program& program);
// Ends it so; `why`: to those who wait for it. A process that is not ready yet is stopped.
void supersede_roll(Machine& m, Program& program, const std::string& why);
// Ends the roll for something that takes precedence: a stop, a removal, a shutdown.
void cancel_roll(Machine& m, Program& program, const std::string& why);

}  // namespace holdfast::supervisor::core
