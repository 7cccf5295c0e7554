// SPDX-License-Identifier: Apache-2.0
#pragma once

// Events and actions as lines of a trace.

#include "supervisor/core/types.hpp"

#include <string>

namespace holdfast::supervisor::core::simulation {

std::string describe(const Event& event);
std::string describe(const Action& action);

}  // namespace holdfast::supervisor::core::simulation
