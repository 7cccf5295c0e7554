// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the commands of this binary begin with: the configuration, as workers read it. Threads: any.

#include "common/worker/configuration.hpp"

#include <tl/expected.hpp>

#include <optional>

namespace holdfast::queue {

// What the supervisor, or whoever runs the command, has handed over.
struct Started {
  config::Loaded configuration;
  std::optional<log::LevelPage> levels;
};

// Or the exit code; what is wrong has been told. Someone who types a command in a shell does not
// get past a stack that runs here with another store (worker::check_running_stack()).
tl::expected<Started, int> take_start(const config::Environ& environ);

}  // namespace holdfast::queue
