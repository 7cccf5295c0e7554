// SPDX-License-Identifier: Apache-2.0
#pragma once

// OomCount: how many processes the kernel has killed for lack of memory in the memory cgroup that
// the stack as a whole runs in, such as that of its container. It tells those kills from others
// where workers have no cgroups of their own: a container may not make any by default.
//
// Threads: any, one at a time. A look is one read of a small file of the kernel's.

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace holdfast::supervisor::process {

class OomCount {
 public:
  // `file`: with a line "oom_kill NUMBER"; empty: there is no such cgroup.
  explicit OomCount(std::filesystem::path file);
  // That of the cgroup that this process is in, of either version.
  static OomCount of_own_group();

  std::uint64_t kills() const;  // since the cgroup was made; 0 if that cannot be known

  // To be called each second: how many there have been since the last call, or since the start.
  std::uint64_t look();
  // Whether there has been one lately: since the look before the last one, as an exit is heard of a
  // moment after the kill that it follows from.
  bool lately() const { return kills() > before_; }

 private:
  std::filesystem::path file_;
  std::uint64_t seen_ = 0;    // at the last look
  std::uint64_t before_ = 0;  // and at the one before
};

// Where this process's memory cgroup of version 1 is, from the texts of /proc/self/cgroup and
// /proc/self/mountinfo; empty if there is none.
std::filesystem::path own_memory_cgroup_v1(std::string_view cgroup, std::string_view mounts);

}  // namespace holdfast::supervisor::process
