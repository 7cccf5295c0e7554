// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast check-config`: everything `run` would refuse, and the resulting configuration with
// secrets masked. Starts and touches nothing.

#include "common/config/load.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::daemon {

int check_config(const std::optional<std::filesystem::path>& config_file,
                 const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
