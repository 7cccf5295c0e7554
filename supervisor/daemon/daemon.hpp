// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast run`: puts the supervisor together, runs it, takes it apart. Everything that can be
// wrong is found before anything is started.

#include "common/config/load.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::daemon {

int run_supervisor(const std::optional<std::filesystem::path>& config_file,
                   const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
