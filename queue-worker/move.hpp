// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast-queue-worker move`: everything of a SQLite file into a PostgreSQL database
// (common/store/move/move.hpp).

#include "common/config/load.hpp"

#include <span>
#include <string_view>

namespace holdfast::queue {

// `arguments`: what comes after "move". Without --to it is the configured store. Says on standard
// output what it does, on standard error what went wrong; blocks; returns the exit code.
int move(std::span<const std::string_view> arguments, const config::Environ& environ);

}  // namespace holdfast::queue
