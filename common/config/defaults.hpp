// SPDX-License-Identifier: Apache-2.0
#pragma once

// Defaults that depend on other keys. All others are in config.hpp. Threads: any.

#include "common/config/config.hpp"

namespace holdfast::config {

class LoadReport;

// The programs that run if the file names none: migrate, queue-worker, api-worker.
std::vector<Program> default_programs();

// [listen.http] with its default address, if a program takes it: the default programs, or one that
// names it in `sockets`. Nobody would accept what connects to it otherwise. To be called after the
// file was read.
void add_default_listener(Config& config);

// Fills in what neither the file nor the environment has given. To be called after both were read.
void apply_dependent_defaults(Config& config, const LoadReport& report);
void apply_dependent_defaults(Program& program, const LoadReport& report);

}  // namespace holdfast::config
