// SPDX-License-Identifier: Apache-2.0
#pragma once

// LaunchPlan: a LaunchSpec in the form that the child needs before its exec, where it may not
// allocate: pointer arrays, descriptors moved out of the way of their targets, ranges to close.
//
// Threads: a value of the launching thread. Owns the descriptors that it duplicated. What it put
// into the LowFds stays there until the launcher clears them.

#include "common/os/fd.hpp"
#include "supervisor/process/launcher.hpp"
#include "supervisor/process/low_fds.hpp"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::process {

struct LaunchPlan {
  const LaunchSpec* spec = nullptr;  // outlives the plan
  pid_t parent = 0;
  std::vector<const char*> argv;  // ends with nullptr, like envp
  std::vector<const char*> envp;
  std::vector<PassedFd> moves;                          // every source is above every target
  std::vector<std::pair<unsigned, unsigned>> unwanted;  // descriptors to mark close-on-exec
  char* listen_pid = nullptr;  // where the child writes its pid; room for kPidWidth digits
  bool change_identity = false;
  unsigned keep_below = 0;  // the child needs no descriptor from here upward; 0: unknown

  std::string oom_score;             // spec->oom_score_adj as text
  std::vector<std::string> strings;  // what envp points into
  std::vector<Fd> held;              // duplicated sources
};

inline constexpr std::size_t kPidWidth = 10;

tl::expected<LaunchPlan, LaunchError> make_plan(const LaunchSpec& spec, LowFds& low);

}  // namespace holdfast::supervisor::process
