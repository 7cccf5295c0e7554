// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs as wholes: their place in the order of start, adding, scaling and removing them, and
// when the fleet is hopeless without one. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// programs.cpp
Program& add_program(Machine& m, const config::Program& config);
void remove_program(Machine& m, Program& program);
// Gives the program slots 0 … count-1; those above stop and go.
void scale(Machine& m, Program& program, std::uint32_t count);
// Follows up on a change in one of its slots. May erase the program.
void settle_program(Machine& m, std::uint32_t id);
void settle_slot(Machine& m, const SlotId& id);
// Reads `after` of all programs anew. O(programs + dependencies).
void link_programs(Machine& m);
std::uint32_t ready_needed(const Program& program);

// hopeless.cpp
void watch_hope(Machine& m, Program& program);
void on_hopeless_deadline(Machine& m, const DeadlineKey& key);
// Applies a changed hopeless_after to the deadlines that run.
void refresh_hope(Machine& m);

}  // namespace holdfast::supervisor::core
