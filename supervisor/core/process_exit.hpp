// SPDX-License-Identifier: Apache-2.0
#pragma once

// The end of a process, or of the attempt to spawn it: what its slot does next. Private to
// supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// What is left of its processes is stopped by the stop rules first; its slot goes on when all are
// gone.
void on_exited(Machine& m, const Exited& event);
void on_leftovers_gone(Machine& m, const LeftoversGone& event);
void on_spawn_failed(Machine& m, const SpawnFailed& event);

}  // namespace holdfast::supervisor::core
