// SPDX-License-Identifier: Apache-2.0
#include "common/net/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace holdfast::supervisor::process {

namespace {

Result<sockaddr_un> to_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("the path of the socket '{}' is {} bytes long, and the system takes "
                            "{}: choose a shorter directory",
                            path.native(), path.native().size(), sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

bool somebody_listens(const sockaddr_un& address) {
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // EAGAIN: its backlog is full, so somebody is there.
  return ::connect(probe.get(), as_sockaddr(address), sizeof address) == 0 || errno == EAGAIN;
}

}  // namespace

Result<Fd> bind_unix_socket(int type, const std::filesystem::path& path, mode_t mode) {
  HOLDFAST_TRY_ASSIGN(const sockaddr_un address, to_address(path));
  Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  struct stat present {};
  if (::lstat(path.c_str(), &present) == 0 && S_ISSOCK(present.st_mode)) ::unlink(path.c_str());
  // bind(2) gives the file the socket's own mode, less the umask; so the file is never more open
  // than asked, and chmod afterwards only gives back what the umask took.
  if (::fchmod(fd.get(), mode) != 0 ||
      ::bind(fd.get(), as_sockaddr(address), sizeof address) != 0 ||
      ::chmod(path.c_str(), mode) != 0) {
    return fail_errno(errno, fmt::format("make the socket '{}'", path.native()));
  }
  return fd;
}

Result<Fd> listen_unix_socket(const std::filesystem::path& path, mode_t mode, int backlog) {
  HOLDFAST_TRY_ASSIGN(const sockaddr_un address, to_address(path));
  if (somebody_listens(address)) {
    return fail(ErrorKind::Conflict,
                fmt::format("another program already listens on '{}'", path.native()));
  }
  HOLDFAST_TRY_ASSIGN(Fd fd, bind_unix_socket(SOCK_STREAM, path, mode));
  if (::listen(fd.get(), backlog) != 0) {
    return fail_errno(errno, fmt::format("listen on '{}'", path.native()));
  }
  return fd;
}

}  // namespace holdfast::supervisor::process
