// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/core/world.hpp"

namespace holdfast::supervisor::core::simulation {

// Changes the fleet's actions as a defect of this kind would.
void spoil(Actions& actions, Sabotage sabotage, const Truth& truth);

}  // namespace holdfast::supervisor::core::simulation
