// SPDX-License-Identifier: Apache-2.0
#pragma once

// Level-triggered follow-up: an event changes records and marks them dirty; reconcile() looks at
// each dirty slot and program until nothing more follows. A rule never needs to know which event
// made its condition true, so no wake-up can be lost, and a step costs what it touched. Private to
// supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Runs the rules for everything marked dirty, until nothing is, and starts what may start.
void reconcile(Machine& m);

}  // namespace holdfast::supervisor::core
