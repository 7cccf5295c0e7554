// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a command that a person types opens the store of the stack that runs here. The stack may
// have been given its DATABASE_URL by systemd or by a container, where a shell does not have it:
// the command would then change a store that nobody uses, and say that all is well.
//
// Threads: any; blocks for the status socket, for seconds at most.

#include "common/base/result.hpp"
#include "common/config/load.hpp"

#include <filesystem>
#include <string>

namespace holdfast::worker {

// InvalidArgument, with what to do, if a supervisor runs with `runtime_dir` and its stack has
// another store than `config`. If the environment of the command itself names that store, which a
// person may mean or have forgotten in the shell: a warning instead, else an empty text.
Result<std::string> check_running_stack(const config::Config& config,
                                        const std::filesystem::path& runtime_dir,
                                        const config::Environ& environ);

}  // namespace holdfast::worker
