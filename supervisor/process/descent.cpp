// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/descent.hpp"

#include "common/os/fd.hpp"
#include "common/os/proc.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5
#endif

namespace holdfast::supervisor::process {

namespace {

// Longer than any chain of processes: the kernel has no more pids.
constexpr int kLongestChain = 1 << 22;

Fd peer_pidfd(int connection) {
  int fd = -1;
  socklen_t size = sizeof fd;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0 ? Fd(fd) : Fd();
}

}  // namespace

bool descends_from(pid_t pid, pid_t ancestor) {
  for (int depth = 0; depth < kLongestChain && pid > 1; ++depth) {
    const auto stat = read_process_stat(pid);
    if (!stat) return false;
    if (stat->parent == ancestor) return true;
    pid = stat->parent;
  }
  return false;
}

bool is_from_descendant(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return true;
  if (peer.pid == 0) return false;  // outside of our pid namespace, in which all descendants are
  const Fd held = peer_pidfd(connection);
  if (!read_process_stat(peer.pid)) return peer.uid == ::geteuid();  // hidden: hidepid=, or ended
  const bool descends = descends_from(peer.pid, ::getpid());
  // What was read may be of a successor that got the pid.
  const bool ended =
      held && ::syscall(SYS_pidfd_send_signal, held.get(), 0, nullptr, 0) != 0 && errno == ESRCH;
  return descends || ended;
}

}  // namespace holdfast::supervisor::process
