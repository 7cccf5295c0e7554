// SPDX-License-Identifier: Apache-2.0
#pragma once

// Remains: the processes of a worker that are still there when its first process has exited. They
// are found by their process group, or by the worker's identity, which every descendant inherits in
// its environment however it was forked. They are signalled one by one, each only if it is still
// the process that was found.
//
// Threads: find_remains() reads all of /proc and is for a thread that may take its time; the others
// may be called from any.

#include "common/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::process {

struct Remain {
  pid_t pid = 0;
  std::int64_t started = 0;  // ticks since boot: with the pid it identifies a process
  std::string name;
};

struct RemainsQuery {
  pid_t group = 0;  // the pid of the first process
  // Whether that is still a zombie, so that the number cannot have been reused. If not, only our
  // own children are taken for members of the group.
  bool group_is_held = true;
  // "NAME=value" entries, all of which a descendant has. Empty: only the group is searched.
  std::vector<std::string> identity;
  // What is in its cgroup, if it has one.
  std::vector<pid_t> members;
};

std::vector<Remain> find_remains(const RemainsQuery& query);

bool is_alive(const Remain& remain);
// Does nothing if it has ended.
void send_signal(const Remain& remain, int signal);

// The pids of this thread's children, zombies included; nothing if the kernel does not list them.
// A process has descendants that outlived their parents only if it has children that it did not
// launch, as a child subreaper (reaper.hpp).
std::optional<std::vector<pid_t>> list_children();

}  // namespace holdfast::supervisor::process
