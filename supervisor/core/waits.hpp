// SPDX-License-Identifier: Apache-2.0
#pragma once

// Requests, and parts of a reload, that are over when slots have reached what was asked for: a
// start when each slot is ready or has failed, a stop when its processes are gone, a scaling when
// both hold for what it added and removed. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Until a process of the slot is ready: the one that runs now, or the next one.
Wait::Item until_ready(const Slot& slot);
// Until all processes that the slot has now are gone.
Wait::Item until_gone(const Slot& slot);

// Adds a wait for the program.
void add_wait(Machine& m, Program& program, Wait wait);
// Ends, with a Reply or with a part of the reload, the waits that are over. Called by reconcile().
void advance_waits(Machine& m, Program& program);
// Ends all waits of the program as failed.
void fail_waits(Machine& m, Program& program, const std::string& why);
// A process does not exit even after SIGKILL: nobody waits for its end any longer.
void stall_waits(Machine& m, Program& program, const Slot& slot, const std::string& why);

}  // namespace holdfast::supervisor::core
