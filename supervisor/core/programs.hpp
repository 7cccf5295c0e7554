// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs as a whole: adding, scaling, releasing and removing them, and their dependencies.
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

Program& add_program(Machine& m, const config::Program& config);
// Begins the removal; the program stays in Machine::programs until its processes have exited.
void remove_program(Machine& m, Program& program);
// Whether it waits for a command because autostart is off: nobody misses it.
bool is_dormant(const Program& program);
// Gives the program slots 0 … count-1; those above stop and are removed.
void scale(Machine& m, Program& program, std::uint32_t count);
// Rebuilds the links that `after` describes. O(programs + dependencies).
void link_programs(Machine& m);

// Updates Program::satisfied, and wakes the dependants that wait for it.
void update_satisfied(Machine& m, Program& program);
// Why the program, which has not been released, will not be without somebody's help: "db, which is
// stopped". Empty if it merely has to wait.
std::string blocked_by(const Machine& m, const Program& program);
// The keys in which what the program runs differs from its configuration, each once.
std::vector<std::string> differing_keys(const Program& program);
// The slots whose process is to be replaced by one that is made from the present configuration.
// `replaced`: also those that have failed to run.
std::deque<std::uint32_t> slots_to_replace(const Program& program, bool replaced);

// Releases the program if all that it comes after are satisfied.
void release_if_possible(Machine& m, Program& program);
// Stops a program that is being removed as soon as its removed dependants are gone, and erases it
// once it has no slot left; the reference may then be invalid.
void advance_removal(Machine& m, Program& program);

}  // namespace holdfast::supervisor::core
