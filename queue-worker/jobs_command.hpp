// SPDX-License-Identifier: Apache-2.0
#pragma once

// jobs list, show, retry, cancel, discard, pause, resume. Exit codes and threads: as in
// commands.hpp.

#include "common/config/config.hpp"
#include "queue-worker/command_line.hpp"

namespace holdfast::queue {

int run_jobs_command(const Command& command, const config::Config& config);

}  // namespace holdfast::queue
