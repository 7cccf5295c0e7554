// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a process ended, from waitid(2). Exit codes and signals are kept apart: `exit 9` is not
// SIGKILL.
//
// Threads: pure.

#include "supervisor/core/types.hpp"

#include <csignal>

namespace holdfast::supervisor::process {

inline core::ExitStatus to_exit_status(const siginfo_t& info) {
  return {.signaled = info.si_code != CLD_EXITED,
          .value = info.si_status,
          .core_dumped = info.si_code == CLD_DUMPED};
}

}  // namespace holdfast::supervisor::process
