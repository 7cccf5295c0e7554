// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program takes from the sections that it shares with others: the listening sockets that it
// is handed, and for Holdfast's own workers the sections that they read when they start. A reload
// compares this with what was before, and rolls the programs whose part has changed, no others.
//
// Threads: pure.

#include "common/config/config.hpp"

namespace holdfast::config {

// Fills Program::uses of every program. Last of all, when nothing else changes any more.
void note_uses(Config& config);

}  // namespace holdfast::config
