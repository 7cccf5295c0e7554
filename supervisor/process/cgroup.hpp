// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cgroups: a control group (v2) for each worker, inside the one that the service manager has
// delegated to the supervisor. In it the kernel enforces limits, tells a kill for lack of memory
// from others, and ends everything at once, whatever the worker has forked.
//
// Only what was delegated is touched: systemd marks the group of a unit with Delegate=yes
// (user.delegate), and the root of a container's own cgroup namespace belongs to its process 1. By
// the kernel's rule, groups with processes in them have no controllers for groups below them, so
// the supervisor moves itself into a group of its own there.
//
// Threads: set_up() before there are others; the rest on the main loop. No call blocks for longer
// than a write to a file of the kernel.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::process {

struct CgroupLimits {
  std::uint64_t memory_max = 0;  // bytes; 0: none
  std::uint32_t cpu_weight = 0;  // 1 to 10000; 0: the kernel's default
  std::uint32_t pids_max = 0;    // 0: none
  bool operator==(const CgroupLimits&) const = default;
};

// The group of one worker. Removed when it is destroyed, if nothing runs in it any more.
class Cgroup {
 public:
  explicit Cgroup(std::filesystem::path path) : path_(std::move(path)) {}
  ~Cgroup();
  Cgroup(Cgroup&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Cgroup& operator=(Cgroup&& other) noexcept {
    path_.swap(other.path_);
    return *this;
  }

  // Limits whose controller is not there are left out.
  Result<void> apply(const CgroupLimits& limits) const;
  // Whoever writes "0" to it is moved into the group.
  Result<Fd> entrance() const;
  // SIGKILL to everything in it and in groups below. Needs Linux 5.14; an error otherwise.
  Result<void> kill() const;
  // What is in it and in groups below.
  std::vector<pid_t> processes() const;
  // How many of its processes the kernel has killed for lack of memory.
  std::uint64_t oom_kills() const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;  // empty: moved from
};

class Cgroups {
 public:
  // There are none; `why` is for people.
  explicit Cgroups(std::string why) : why_not_(std::move(why)) {}

  // Looks for a delegated group, moves this process into a group of its own in it, and turns the
  // controllers on. `first`: this is process 1.
  static Cgroups set_up(bool first);
  // The same with the group given. For set_up() and for tests.
  static Cgroups in(std::filesystem::path delegated);

  bool delegated() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }
  // Those of "cpu", "memory" and "pids" that the kernel enforces.
  const std::vector<std::string>& controllers() const { return controllers_; }
  bool enforces(const char* controller) const;

  // A group for one process of a worker; what is left of an earlier one of that name is used.
  Result<Cgroup> make(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::string why_not_;
  std::vector<std::string> controllers_;
};

// Where this process's cgroup is, from the texts of /proc/self/cgroup and /proc/self/mountinfo;
// empty if there is no cgroup v2.
std::filesystem::path own_cgroup(std::string_view cgroup, std::string_view mounts);

}  // namespace holdfast::supervisor::process
