// SPDX-License-Identifier: Apache-2.0
#pragma once

// Defaults that depend on other keys. Those that do not are in config.hpp. Threads: any.

#include "common/config/config.hpp"

namespace holdfast::config {

class LoadReport;

// To be called when the file and the environment were read: fills what neither gave.
void apply_dependent_defaults(Config& config, const LoadReport& report);
void apply_dependent_defaults(Program& program, const LoadReport& report);

}  // namespace holdfast::config
