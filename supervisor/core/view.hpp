// SPDX-License-Identifier: Apache-2.0
#pragma once

// The view of the fleet that readers get. O(slots). Private to supervisor/core.

#include "supervisor/core/fleet.hpp"
#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

FleetView view_of(const Machine& m);

}  // namespace holdfast::supervisor::core
