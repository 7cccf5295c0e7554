// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands that talk to a running supervisor over its admin socket.

#include "supervisor/cli/arguments.hpp"

#include <filesystem>

namespace holdfast::supervisor::cli {

// Prints the answer and returns the exit code.
int run_client(const Arguments& arguments, const std::filesystem::path& runtime_dir);

}  // namespace holdfast::supervisor::cli
