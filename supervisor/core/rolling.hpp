// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rolling restarts: one slot of a program after the other gets a new process, which must be ready
// before the old one is told to stop. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// `request`: who gets the Reply when the roll is over. The program must not be rolling.
void start_roll(Machine& m, Program& program, std::deque<std::uint32_t> slots,
                std::optional<std::uint64_t> request);
// The program's launch fields have just changed from `before`: rolls all slots that run, again if
// they are being rolled already.
void start_reload_roll(Machine& m, Program& program, const config::Program& before);

// Does what can be done now. Called by settle().
void advance_roll(Machine& m, Program& program);

// A process that a roll had started has failed; the roll will be given up.
void fail_roll(Machine& m, Program& program, const Slot& slot, std::uint64_t incarnation,
               std::string why);
// A process that a roll waits for does not go away.
void stall_roll(Machine& m, Program& program, const Slot& slot, const std::string& why);
// The slot is no longer this roll's business: it was stopped or removed.
void leave_roll(Machine& m, Program& program, Slot& slot);
// Something stronger came: a stop, a removal, a shutdown.
void cancel_roll(Machine& m, Program& program, const std::string& why);

}  // namespace holdfast::supervisor::core
