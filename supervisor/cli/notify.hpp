// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast notify KEY=VALUE…`: sd_notify for scripts, as systemd-notify(1) does it. To be run by a
// worker, or by a descendant of one.
//
// Threads: the main thread; waits until the supervisor has read the message.

#include "common/notify/notify.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::cli {

// Returns the exit code; complains on standard error.
int run_notify(const std::vector<std::string>& assignments, const notify::Environ& environ);

}  // namespace holdfast::supervisor::cli
