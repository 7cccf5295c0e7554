// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs the commands of command_line.hpp: results on standard output, what is wrong on standard
// error. They work beside the workers, by what the store says; no supervisor is asked.
//
// Exit codes: 0; 1 for problems found, jobs that could not be changed, a copy that is refused; 2
// for arguments that are wrong, or a question that nobody could answer; 69 if the store cannot be
// used, or is in use; 70; 78 if the configuration is wrong.
//
// Threads: the main thread; blocks until it is done.

#include "common/config/load.hpp"
#include "queue-worker/command_line.hpp"

namespace holdfast::queue {

int run_command(const Command& command, const config::Environ& environ);

}  // namespace holdfast::queue
