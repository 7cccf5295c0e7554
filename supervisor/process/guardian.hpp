// SPDX-License-Identifier: Apache-2.0
#pragma once

// Guardian: a process of its own that ends the supervisor's processes if the supervisor is killed.
// The kernel then sends SIGTERM to every worker (PDEATHSIG), but not to what the workers forked,
// and a worker may ignore it. The guardian finds them by a variable that all of them inherit, tells
// those that nobody told, and kills what is left when the time of an ordered shutdown is over. It
// belongs to no terminal and no worker, and goes when there is nothing left to do.
//
// Not needed where somebody else does this: systemd empties the unit's control group, and with
// process 1 of a container the kernel kills all others.
//
// Threads: start() before there are any.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <string>

namespace holdfast::supervisor::process {

inline constexpr const char* kInstanceVariable = "HOLDFAST_INSTANCE";
inline constexpr const char* kGuardianName = "holdfast-guard";  // its argv[0]

class Guardian {
 public:
  // Watches this process until the object, which nobody else may inherit, is gone. `instance`: the
  // value of kInstanceVariable, unlike that of any other supervisor on this machine.
  static Result<Guardian> start(const std::string& instance, Duration grace);

 private:
  explicit Guardian(Fd lifeline) : lifeline_(std::move(lifeline)) {}
  Fd lifeline_;  // closed by the kernel, however we end
};

// The guardian's main(): `arguments` are those that start() gave it. Returns its exit code.
int guard(int argc, char** argv);

}  // namespace holdfast::supervisor::process
