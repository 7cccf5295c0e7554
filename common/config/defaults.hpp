// SPDX-License-Identifier: Apache-2.0
#pragma once

// Defaults that depend on other keys. All others are in config.hpp. Threads: any.

#include "common/config/config.hpp"

namespace holdfast::config {

class LoadReport;

// The programs that run if the file names none: migrate, queue-worker, api-worker.
std::vector<Program> default_programs();

// Fills in what neither the file nor the environment has given. To be called after both were read.
void apply_dependent_defaults(Config& config, const LoadReport& report);
void apply_dependent_defaults(Program& program, const LoadReport& report);

}  // namespace holdfast::config
