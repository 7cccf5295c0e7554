// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast-queue-worker move`: everything of a SQLite file into a PostgreSQL database
// (common/store/move/move.hpp).

#include "common/config/config.hpp"
#include "queue-worker/command_line.hpp"

namespace holdfast::queue {

// Says on standard output what it does, on standard error what went wrong; blocks; returns the exit
// code. Threads: any.
int run_move(const Command& command, const config::Config& config);

}  // namespace holdfast::queue
