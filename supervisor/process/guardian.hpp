// SPDX-License-Identifier: Apache-2.0
#pragma once

// Guardian: a separate process that ends the supervisor's processes if the supervisor is killed.
// The kernel then sends SIGTERM to every worker (PDEATHSIG), but not to the processes that workers
// forked, and a worker may ignore it. The guardian sends SIGTERM to those that the kernel does not,
// and SIGKILL to what is left when the time of an ordered shutdown is over. It belongs to no
// terminal and no worker.
//
// It knows them in two ways, which do not share a weakness: by an environment variable that all of
// them inherit, unless they clear it or write their title over it; and by looking at the tree below
// the supervisor, often while workers start and each second later (kin.hpp, docs/adr/0026).
//
// Not needed where the platform does this: systemd kills the unit's control group, and the kernel
// kills all processes of a container whose process 1 has ended.
//
// Threads: the main loop's; start() may also be called before any thread exists.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <string>

namespace holdfast::supervisor::process {

inline constexpr const char* kGuardianName = "holdfast-guard";  // its argv[0]

class Guardian {
 public:
  // Guards until it is dismissed or this process ends; no child may inherit the descriptors in it.
  // `instance`: the value of protocol::kInstance in the workers' environments, unique among the
  // supervisors of this machine.
  static Result<Guardian> start(const std::string& instance, Duration grace);

  pid_t pid() const { return pid_; }
  // Readable (end of file) once it has ended.
  int ended() const { return ended_.get(); }

  // A worker was launched: there is something new to see.
  void launched() const;
  // This process ends in order: there is nothing to guard. Waits until it is gone, a moment at
  // most.
  void dismiss();

 private:
  Guardian(pid_t pid, Fd lifeline, Fd ended)
      : pid_(pid), lifeline_(std::move(lifeline)), ended_(std::move(ended)) {}

  pid_t pid_;
  Fd lifeline_;  // the kernel closes it, however the supervisor ends
  Fd ended_;
};

// The guardian's main(), with the arguments that start() passed. Returns its exit code.
int guard(int argc, char** argv);

}  // namespace holdfast::supervisor::process
