// SPDX-License-Identifier: Apache-2.0
#pragma once

// Readers' picture of the machine. O(everything). Private to supervisor/core.

#include "supervisor/core/fleet.hpp"
#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

FleetView view_of(const Machine& m);

}  // namespace holdfast::supervisor::core
