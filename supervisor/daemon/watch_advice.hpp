// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person should know of programs that watch their files. Threads: any; looks at the disk.

#include "common/config/config.hpp"
#include "common/config/load.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::daemon {

// That nothing is watched, as this is production; empty if something is, or nothing was to be.
// `forced`: holdfast run --watch.
std::string watch_is_off(const config::Config& config, bool forced);

// For check-config: that, and what is wrong with the patterns.
std::vector<std::string> watch_advice(const config::Config& config, const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
