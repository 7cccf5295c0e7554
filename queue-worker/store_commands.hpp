// SPDX-License-Identifier: Apache-2.0
#pragma once

// check, backup, restore. Exit codes and threads: as in commands.hpp.

#include "queue-worker/command_line.hpp"

#include <string>

namespace holdfast::queue {

int run_store_command(const Command& command, const std::string& url);

}  // namespace holdfast::queue
