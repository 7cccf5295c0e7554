// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the child does between fork and exec: async-signal-safe calls only, as another thread may
// have held malloc's or stdio's lock at the time of the fork.

#include "supervisor/process/launch_plan.hpp"

#include <string_view>

namespace holdfast::supervisor::process {

enum class ChildStep {
  Exec,  // zero: a bare errno is a failed exec
  Setsid,
  Dup2,
  CloseRange,
  Rlimit,
  Setgroups,
  Setgid,
  Setuid,
  Chdir,
  Deathsig,
};
std::string_view to_string(ChildStep step);  // "exec", "setsid", "close_range", …

// The step and its errno in the one int that the launcher's error pipe carries.
constexpr int pack(ChildStep step, int os_error) {
  return (static_cast<int>(step) << 16) | (os_error & 0xffff);
}
constexpr ChildStep step_of(int packed) {
  return static_cast<ChildStep>(packed >> 16);
}
constexpr int errno_of(int packed) {
  return packed & 0xffff;
}

// Called in the child, with all signals blocked. 0, or the packed failure.
int set_up_child(const LaunchPlan& plan) noexcept;

}  // namespace holdfast::supervisor::process
