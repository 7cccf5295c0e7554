// SPDX-License-Identifier: Apache-2.0
#pragma once

// LaunchPlan: a LaunchSpec turned into what the child needs between fork and exec, where it may
// not allocate: pointer arrays, descriptors already clear of their targets, the ranges to close.
//
// Threads: a value of the launching thread. Owns the descriptors it duplicated.

#include "common/base/fd.hpp"
#include "supervisor/process/launcher.hpp"

#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::process {

struct LaunchPlan {
  const LaunchSpec* spec = nullptr;  // outlives the plan
  pid_t parent = 0;
  std::vector<const char*> argv;  // ends with nullptr, as does envp
  std::vector<const char*> envp;
  std::vector<PassedFd> moves;                          // every source is above every target
  std::vector<std::pair<unsigned, unsigned>> unwanted;  // descriptors to mark close-on-exec
  char* listen_pid = nullptr;  // where the child writes its pid; room for kPidWidth digits
  bool change_groups = false;

  std::vector<std::string> strings;  // what envp points into
  std::vector<Fd>
      held;  // duplicated sources, and what fills the free numbers up to the last target
};

inline constexpr std::size_t kPidWidth = 10;

tl::expected<LaunchPlan, LaunchError> make_plan(const LaunchSpec& spec);

}  // namespace holdfast::supervisor::process
