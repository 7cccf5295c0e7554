// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether whoever has connected to a Unix socket is one of our own: a worker, or a process that a
// worker has started, however often forked. As a subreaper this process remains the ancestor of all
// of them. The kernel names the process (SO_PEERCRED), so that it cannot lie.
//
// A process of the same user that is no descendant of ours, such as an administrator's shell, may
// be taken over by a worker of that user: against that only another user helps (worker_user).
//
// Threads: any.

#include "common/os/proc.hpp"

#include <sys/types.h>

#include <functional>

namespace holdfast::supervisor::process {

// Also true if nobody can tell: if it has ended, whatever its user, or cannot be examined.
bool is_from_descendant(int connection);

using ReadStat = std::function<Result<ProcessStat>(pid_t pid)>;

// Whether `pid` descends from `ancestor`, as far as can be known. True as well if it, or one of its
// ancestors, cannot be read, except for those that hidepid= hides, which are another user's: if
// such a process is a descendant (of a program that changes the user), the mode of the socket has
// to do. False at a parent of 0, which is outside of our pid namespace.
bool may_descend_from(pid_t pid, pid_t ancestor, const ReadStat& read = read_process_stat);

}  // namespace holdfast::supervisor::process
