// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast-queue-worker migrate`: the oneshot that brings the store's schema up to date before
// anything uses it. Safe to run at any time, and from several hosts or processes at once.

#include "common/config/load.hpp"

namespace holdfast::queue {

// Reads the configuration as workers do (HOLDFAST_CONFIG and the environment), makes the state
// directory if it is missing (mode 0750), applies the migrations and logs to `log_fd`.
// Returns the exit code: 0; 78 (EX_CONFIG) if the configuration is wrong; 1 if it failed.
int migrate(const config::Environ& environ, int log_fd);

// `holdfast-queue-worker migrate --status`: prints which migrations are applied and which are
// pending, on standard output, and changes nothing. Returns the exit code: 0 if none is pending, 3
// if some are, else as migrate().
int migrate_status(const config::Environ& environ);

}  // namespace holdfast::queue
