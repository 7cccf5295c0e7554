// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the child does before its exec. It may share the parent's memory, so it only makes system
// calls: no allocation, no lock, and no wrapper of the C library that keeps state in the process
// (setuid() involves the other threads, sigaction() refuses some signal numbers).

#include "supervisor/process/launch_plan.hpp"

#include <string>
#include <string_view>

namespace holdfast::supervisor::process {

enum class ChildStep {
  Exec,  // 0, so that a plain errno means a failed exec
  Setsid,
  Dup2,
  CloseRange,
  Rlimit,
  Setgroups,
  Setgid,
  Setuid,
  Chdir,
  Deathsig,
  Nice,
  OomScore,
  Cgroup,
};
std::string_view to_string(ChildStep step);  // "exec", "setsid", "close_range", …

// Packs the failed step and its errno into one int.
constexpr int pack(ChildStep step, int os_error) {
  return (static_cast<int>(step) << 16) | (os_error & 0xffff);
}
constexpr ChildStep step_of(int packed) {
  return static_cast<ChildStep>(packed >> 16);
}
constexpr int errno_of(int packed) {
  return packed & 0xffff;
}

// Writes our own oom_score_adj. Returns 0 or errno.
int set_oom_score(const std::string& text) noexcept;

// Called in the child with all signals blocked. Returns 0 or the packed failure.
int set_up_child(const LaunchPlan& plan) noexcept;

}  // namespace holdfast::supervisor::process
