// SPDX-License-Identifier: Apache-2.0
#pragma once

// A new configuration, applied to the programs that are running. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// Replies at once; the starts, stops and rolls that follow from it take their time.
void on_reload(Machine& m, const Reload& reload);

}  // namespace holdfast::supervisor::core
