// SPDX-License-Identifier: Apache-2.0
#pragma once

// Health checks: while a process is ready, it is asked every health_interval whether it is well.
// After health_failures failed checks in a row it is unhealthy, and is ended by the watchdog's
// rules. A check whose answer cannot be told to be the process's own counts neither way, and a
// process that has asked for more time is not judged in that time. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Arms or cancels the next check of a process that is ready, from the program's current settings.
void refresh_health(Machine& m, const Program& program, Slot& slot, Process& process);

void on_health_due(Machine& m, const Program& program, const Slot& slot, Process& process);
void on_health_checked(Machine& m, const HealthChecked& event);

}  // namespace holdfast::supervisor::core
