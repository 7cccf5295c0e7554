// SPDX-License-Identifier: Apache-2.0
#pragma once

// Advice for PID 1 of a container. How long the container runtime waits between SIGTERM and SIGKILL
// cannot be read from inside, and the default is often shorter than the shutdown deadline, which
// would defeat the ordered stop.
//
// Threads: any; pure.

#include "common/config/config.hpp"
#include "common/config/environment.hpp"

#include <string>

namespace holdfast::supervisor::daemon {

// Empty if [supervisor] stop_grace is set (the configuration's checks cover that), or if the
// runtime's default is long enough.
std::string stop_grace_advice(const config::Supervisor& supervisor, const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
