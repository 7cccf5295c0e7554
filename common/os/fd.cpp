// SPDX-License-Identifier: Apache-2.0
#include "common/os/fd.hpp"

#include <fcntl.h>

#include <cerrno>

namespace holdfast {

namespace {

Result<void> set_blocking_mode(int fd, bool blocking) {
  const int flags = ::fcntl(fd, F_GETFL);
  const int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
  if (flags >= 0 && flags == wanted) return {};
  if (flags < 0 || ::fcntl(fd, F_SETFL, wanted) < 0) {
    return fail_errno(errno,
                      fmt::format("make descriptor {} {}blocking", fd, blocking ? "" : "non-"));
  }
  return {};
}

}  // namespace

Result<void> set_nonblocking(int fd) {
  return set_blocking_mode(fd, false);
}

Result<void> set_blocking(int fd) {
  return set_blocking_mode(fd, true);
}

Result<void> set_cloexec(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags < 0 || ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
    return fail_errno(errno, fmt::format("make descriptor {} close-on-exec", fd));
  }
  return {};
}

Result<PipeFds> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "create a pipe");
  return PipeFds{Fd(ends[0]), Fd(ends[1])};
}

void open_missing_standard_descriptors() {
  // The lowest free number is taken each time. Not close-on-exec: they are for children as well.
  for (;;) {
    int fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) fd = ::open("/", O_PATH);  // no /dev: the number is taken, and writing fails
    if (fd < 0 || fd > STDERR_FILENO) {
      if (fd >= 0) ::close(fd);
      return;
    }
  }
}

}  // namespace holdfast
