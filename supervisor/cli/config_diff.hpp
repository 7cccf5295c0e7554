// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast check-config --diff`: what a reload of a file would change of what runs. The files are
// read here, with the caller's rights; the running supervisor compares them, with the environment
// that a reload would use, and masks secrets.
//
// Threads: one; blocks.

#include "common/base/result.hpp"
#include "common/config/load.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::cli {

// Returns the exit code: 0 nothing would change, 1 something would, 4 the supervisor cannot be
// reached, 78 the file is invalid.
int run_config_diff(const std::optional<std::filesystem::path>& file,
                    const config::Environ& environ, const std::filesystem::path& runtime_dir);

// The supervisor's answer for people; empty if nothing would change.
Result<std::string> config_diff_text(std::string_view answer);

}  // namespace holdfast::supervisor::cli
