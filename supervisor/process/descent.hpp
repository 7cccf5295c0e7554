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

#include <sys/types.h>

namespace holdfast::supervisor::process {

// Also true if it has ended, or cannot be examined although it has our user: nobody can tell.
bool is_from_descendant(int connection);

// Whether `pid` descends from `ancestor`.
bool descends_from(pid_t pid, pid_t ancestor);

}  // namespace holdfast::supervisor::process
