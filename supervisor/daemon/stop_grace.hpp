// SPDX-License-Identifier: Apache-2.0
#pragma once

// What process 1 of a container should say about its end. How long the runtime waits between
// SIGTERM and SIGKILL cannot be read from inside, and its default is often shorter than the
// shutdown deadline, which would defeat the ordered stop.

#include "common/config/config.hpp"
#include "common/config/environment.hpp"

#include <string>

namespace holdfast::supervisor::daemon {

// Empty if there is nothing to say: the grace is known ([supervisor] stop_grace; a wrong one is a
// warning of the configuration), or the runtime's default is long enough.
std::string stop_grace_advice(const config::Supervisor& supervisor, const config::Environ& environ);

}  // namespace holdfast::supervisor::daemon
