// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast run`: composes the supervisor, runs the fleet until it is shut down, and tears
// everything down again. All that can be wrong with the configuration, the directories and the
// sockets is found before the first program starts.
//
// Threads: the main thread, before any other exists.

#include "common/config/load.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::daemon {

// Returns the exit code (common/os/exit_codes.hpp). Errors before the start go to standard error.
// `watch`: restart programs when the files change that they watch, in production too.
int run_supervisor(const std::optional<std::filesystem::path>& config_file,
                   const config::Environ& environ, bool watch);

}  // namespace holdfast::supervisor::daemon
