// SPDX-License-Identifier: Apache-2.0
#pragma once

// When a required program counts as hopeless (supervisor.on_hopeless, hopeless_after): it has had
// no ready slot, or its oneshot has not succeeded, for too long. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Starts or cancels the program's deadline, and reports once it has passed. Called by reconcile().
void update_hopeless(Machine& m, Program& program);
void on_hopeless_deadline(Machine& m, const DeadlineKey& key);
// Applies a changed hopeless_after to the deadlines that are running.
void refresh_hopeless_deadlines(Machine& m);

}  // namespace holdfast::supervisor::core
