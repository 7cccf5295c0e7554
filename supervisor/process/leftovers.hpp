// SPDX-License-Identifier: Apache-2.0
#pragma once

// Ends the processes that workers left behind: the supervisor's last step before it exits. A
// process that started a session of its own received none of its group's signals. As a child
// subreaper (reaper.hpp) the supervisor is the parent of every orphan below it, so ending its
// children until none is left ends all of them, however they were forked.
//
// Threads: the main one, while no other thread waits for children, and with SIGCHLD blocked. Blocks
// until the deadline at most.

#include "common/base/clock.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::process {

struct Leftovers {
  std::vector<std::string> found;  // "nginx (pid 4711)", in the order in which they were found
  bool killed = false;             // SIGTERM was not enough for some
  bool gone = true;                // false: some were still there at the deadline
};

// Sends SIGTERM to each, and SIGKILL to those that remain after half of the time.
Leftovers end_leftovers(const Clock& clock, MonoTime deadline);

}  // namespace holdfast::supervisor::process
