// SPDX-License-Identifier: Apache-2.0
#pragma once

// start, stop, restart, scale and signal, each of any number of programs. Every request gets
// exactly one Reply: when its work is over, or at once if it is refused or has nothing to do.
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

inline constexpr std::uint32_t kMaxReplicas = 10'000;  // of one program

void on_command(Machine& m, const Command& command);
// Does what is asked of one program, and answers it.
void carry_out(Machine& m, const Order& order);

}  // namespace holdfast::supervisor::core
