// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names of programs and workers (core/selection.hpp), looked up in a published snapshot.
//
// Threads: any; pure.

#include "common/base/result.hpp"
#include "supervisor/core/selection.hpp"
#include "supervisor/state/snapshot.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor {

// What the names stand for; places in Selection are those in view.programs. The strings that it was
// made from belong to `view`.
core::Selection select(const std::vector<std::string>& names, const core::FleetView& view);

// The snapshot of the named programs and workers alone, `ready` included; NotFound if one of the
// names stands for nothing.
Result<FleetSnapshot> narrowed(const FleetSnapshot& snapshot,
                               const std::vector<std::string>& names);

}  // namespace holdfast::supervisor
