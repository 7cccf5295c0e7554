// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which process is at the other end of a connection on this machine. A listener may be shared by
// several workers, or belong to a stranger: that an address answers says nothing of who has
// answered. The kernel knows the socket at the other end (sock_diag(7)), and /proc who holds it.
//
// Threads: any. find_holder() reads /proc and is for a thread that may take its time.

#include "common/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::supervisor::process {

// The inode of the socket at the other end of a connected TCP or Unix socket; 0 as long as no
// process has accepted the connection. Unavailable: the kernel does not tell, or the other end has
// been closed already, or is not on this machine. ECONNRESET: the connection was reset, by a
// process or because the listener was closed that it waited in.
Result<std::uint64_t> accepted_socket(int fd);

// The processes of one worker: descendants of its first process, or those that have all these
// "NAME=value" entries in their environment.
struct WorkerProcesses {
  pid_t leader = 0;
  std::vector<std::string> identity;
};

struct Holder {
  enum class Kind {
    Worker,   // a process of the worker
    Other,    // another process
    Unknown,  // nobody that we may look at
  };
  Kind kind = Kind::Unknown;
  pid_t pid = 0;     // of Other
  std::string name;  // of Other
};

Holder find_holder(std::uint64_t socket, const WorkerProcesses& worker);

}  // namespace holdfast::supervisor::process
