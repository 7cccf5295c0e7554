// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rehearsal: finds out before anything is started what a launch would fail at. Whether the kernel
// lets us change the user, raise a limit or execute a file depends on capabilities, access lists
// and mount options, so a child that exits at once takes these steps instead of a rule guessing.
//
// Threads: any. Blocks for a fork if the launch changes its user, a priority or raises a limit, and
// then for five seconds at most; else for as long as the file system takes.

#include "common/base/result.hpp"
#include "supervisor/process/launcher.hpp"

#include <cstddef>
#include <vector>

namespace holdfast::supervisor::process {

enum class RehearsalStep {
  Limit,
  Nice,
  OomScore,
  Groups,
  Group,
  User,
  Directory,
  Executable,
  Interpreter
};

struct RehearsalFailure {
  RehearsalStep step = RehearsalStep::Executable;
  std::size_t limit = 0;  // RehearsalStep::Limit: its index in LaunchSpec::limits
  int os_error = 0;
};

// All steps that fail, in the order of a launch. After a failure to change the user, directory and
// executable are not examined. Uses `executable`, `directory`, `identity`, `limits`, `nice`
// and `oom_score_adj`.
Result<std::vector<RehearsalFailure>> rehearse(const LaunchSpec& spec);

// Whether a launch of this process changes what it runs as.
bool changes_identity(const Identity& identity);

}  // namespace holdfast::supervisor::process
