// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/descent.hpp"

#include "common/os/fd.hpp"
#include "common/os/proc.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <limits>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // Linux 6.5
#endif

namespace holdfast::supervisor::process {

namespace {

// Longer than any chain of processes: the kernel has no more pids.
constexpr int kLongestChain = 1 << 22;
// An ancestor that ends while the chain is walked leaves its child to another one.
constexpr int kWalks = 3;

enum class Descent { Yes, No, Unknown };

Fd peer_pidfd(int connection) {
  int fd = -1;
  socklen_t size = sizeof fd;
  return ::getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &fd, &size) == 0 ? Fd(fd) : Fd();
}

// Exists, is another user's, and is kept from us by hidepid= (proc(5)): the login of an
// administrator whose shell has our user. A lack of descriptors hides nothing from stat(2).
bool is_hidden(pid_t pid) {
  struct stat info {};
  return ::stat(fmt::format("/proc/{}/stat", pid).c_str(), &info) != 0 && ::kill(pid, 0) != 0 &&
         errno == EPERM;
}

Descent walk(pid_t pid, pid_t ancestor, const ReadStat& read) {
  std::uint64_t born_before = std::numeric_limits<std::uint64_t>::max();
  // The parent of whoever has come from outside of our pid namespace is 0.
  for (int depth = 0; depth < kLongestChain && pid > 1; ++depth) {
    const auto stat = read(pid);
    if (!stat) return is_hidden(pid) ? Descent::No : Descent::Unknown;
    // A parent is no younger than its child: this one has got the pid of one that has ended.
    if (stat->start_ticks > born_before) return Descent::Unknown;
    if (stat->parent == ancestor) return Descent::Yes;
    born_before = stat->start_ticks;
    pid = stat->parent;
  }
  return Descent::No;
}

}  // namespace

bool may_descend_from(pid_t pid, pid_t ancestor, const ReadStat& read) {
  Descent found = Descent::Unknown;
  for (int tries = 0; tries < kWalks && found == Descent::Unknown; ++tries)
    found = walk(pid, ancestor, read);
  return found != Descent::No;
}

bool is_from_descendant(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return true;
  if (peer.pid == 0) return false;  // outside of our pid namespace, in which all descendants are
  const Fd held = peer_pidfd(connection);
  if (may_descend_from(peer.pid, ::getpid())) return true;
  // What was read may be of a successor that got the pid.
  return held && ::syscall(SYS_pidfd_send_signal, held.get(), 0, nullptr, 0) != 0 && errno == ESRCH;
}

}  // namespace holdfast::supervisor::process
