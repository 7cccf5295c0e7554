// SPDX-License-Identifier: Apache-2.0
#pragma once

// Guardian: a separate process that ends the supervisor's processes if the supervisor is killed.
// The kernel then sends SIGTERM to every worker (PDEATHSIG), but not to the processes that workers
// forked, and a worker may ignore it. The guardian finds them by an environment variable that all
// of them inherit, sends SIGTERM to those that the kernel does not, and SIGKILL to what is left
// when the time of an ordered shutdown is over. It belongs to no terminal and no worker, and exits
// when nothing is left to do.
//
// Not needed where the platform does this: systemd kills the unit's control group, and the kernel
// kills all processes of a container whose process 1 has ended.
//
// Threads: call start() before any thread exists.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <string>

namespace holdfast::supervisor::process {

inline constexpr const char* kGuardianName = "holdfast-guard";  // its argv[0]

class Guardian {
 public:
  // Guards until the returned object is destroyed or this process ends; no child may inherit the
  // descriptor in it. `instance`: the value of protocol::kInstance in the workers' environments,
  // unique among the supervisors of this machine.
  static Result<Guardian> start(const std::string& instance, Duration grace);

 private:
  explicit Guardian(Fd lifeline) : lifeline_(std::move(lifeline)) {}
  Fd lifeline_;  // the kernel closes it, however the supervisor ends
};

// The guardian's main(), with the arguments that start() passed. Returns its exit code.
int guard(int argc, char** argv);

}  // namespace holdfast::supervisor::process
