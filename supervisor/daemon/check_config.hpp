// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast check-config`: reports everything that `run` would refuse, or prints the resulting
// configuration with secrets masked. Starts nothing and changes nothing.

#include "common/config/load.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::daemon {

// Returns the exit code.
int check_config(const std::optional<std::filesystem::path>& config_file,
                 const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
