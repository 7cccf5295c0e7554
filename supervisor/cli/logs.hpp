// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast logs`. Where the lines are from:
//
//   - asked for a time, a level, a text or a request: the log files, rotated ones included, read by
//     this process, with or without a supervisor: [log] file, else the log_file of the programs
//     that were named;
//   - otherwise, and where there is no such file or it cannot be read: what the supervisor has in
//     memory.
//
// Returns the exit code.

#include "common/config/load.hpp"
#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::cli {

int run_logs(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
             const config::Environ& environ, const std::filesystem::path& runtime_dir);

}  // namespace holdfast::supervisor::cli
