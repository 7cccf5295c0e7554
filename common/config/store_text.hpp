// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which store a stack uses, for people: told by the configuration, without opening it.
//
// Threads: pure functions.

#include "common/config/config.hpp"

#include <string>

namespace holdfast::config {

// "sqlite /var/lib/holdfast/holdfast.db" or "postgresql db.internal/holdfast": the engine is what
// comes before the first blank. Empty if no program of the configuration is a worker of Holdfast's.
std::string store_text(const Config& config);
// The same, whatever the programs are: the store of a command that opens it.
std::string configured_store(const Config& config);

// The executable of a program that uses the store.
bool is_own_worker(const Program& program);

}  // namespace holdfast::config
