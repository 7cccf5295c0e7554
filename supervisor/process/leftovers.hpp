// SPDX-License-Identifier: Apache-2.0
#pragma once

// The last thing before the supervisor exits: what its workers have left behind is ended. A process
// that put itself into a session of its own got none of the group's signals; but as we are a child
// subreaper (reaper.hpp), every orphan below us has become our child. So ending our children until
// there are none ends all of them, however they forked, without a snapshot of any tree.
//
// Threads: the main one, with no other waiting for children, and with SIGCHLD blocked. Blocks, at
// most until the deadline.

#include "common/base/clock.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::process {

struct Leftovers {
  std::vector<std::string> found;  // "nginx (pid 4711)", in the order in which they were found
  bool killed = false;             // for some of them SIGTERM was not enough
  bool gone = true;                // false: there still are some at the deadline
};

// SIGTERM to each, SIGKILL to what is there after half of the time.
Leftovers end_leftovers(const Clock& clock, MonoTime deadline);

}  // namespace holdfast::supervisor::process
