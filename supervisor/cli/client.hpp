// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands that ask a running supervisor over its admin socket. Each prints its answer and
// returns the exit code.

#include "supervisor/cli/arguments.hpp"

#include <filesystem>

namespace holdfast::supervisor::cli {

int run_client(const Arguments& arguments, const std::filesystem::path& runtime_dir);

}  // namespace holdfast::supervisor::cli
