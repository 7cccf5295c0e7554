// SPDX-License-Identifier: Apache-2.0
#pragma once

// What follows from the memory that a worker uses. Above memory_max it is stopped, which is a
// failure. Above memory_high it is told once, and the worker is replaced by a rolling restart of
// its slot; the next one of the slot begins no sooner than backoff_reset after that one was begun,
// so that a limit that is simply too low does not replace workers without end. Private to
// supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

void on_memory_used(Machine& m, const MemoryUsed& event);

}  // namespace holdfast::supervisor::core
